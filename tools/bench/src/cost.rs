//! What a month costs on Lambda: measured durations times public prices, compared with
//! the smallest always-on container.
//!
//! It measures nothing but uses the figures of `cold-start --memory 128,256`. What a machine without Firecracker and
//! without a network cannot measure is added from published figures, each with its source.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::statistics::rounded;
use measuring::report::{say, table};

/// List prices of us-east-1 in US dollars, without free tiers, as known in November 2026.
mod prices {
    /// When they were written down.
    pub(super) const AS_OF: &str = "2026-11";
    /// Lambda, x86-64, a GB for a second; aws.amazon.com/lambda/pricing.
    pub(super) const GB_SECOND: f64 = 0.000_016_666_7;
    /// Lambda, a million requests.
    pub(super) const LAMBDA_REQUESTS: f64 = 0.20;
    /// API Gateway, a million requests of HTTP APIs; aws.amazon.com/api-gateway/pricing.
    pub(super) const GATEWAY_REQUESTS: f64 = 1.00;
    /// X-Ray, a million recorded traces; aws.amazon.com/xray/pricing.
    pub(super) const TRACES: f64 = 5.00;
    /// CloudWatch Logs, a GB taken in; aws.amazon.com/cloudwatch/pricing.
    pub(super) const LOGS: f64 = 0.50;
    /// Fargate, Linux on x86-64, a processor for an hour; aws.amazon.com/fargate/pricing.
    pub(super) const FARGATE_CPU: f64 = 0.040_48;
    /// Fargate, a GB for an hour.
    pub(super) const FARGATE_GB: f64 = 0.004_445;
    /// An application load balancer for an hour, without its capacity units; aws.amazon.com/elasticloadbalancing/pricing.
    pub(super) const LOAD_BALANCER: f64 = 0.022_5;
}

const HOURS: f64 = 730.0;
/// Calls of the worker's schedule.
const WORKER_CALLS: f64 = 60.0 * HOURS;
/// A round trip between a function and RDS in another zone, in milliseconds: approximately
/// what AWS documents for its zones.
const ROUND_TRIP: f64 = 0.7;
/// Round trips until a cold function has answered (connection, TLS, login, three for a search), and of a warm search.
const ROUND_TRIPS: (f64, f64) = (7.0, 3.0);
/// The log volume of one call, in bytes: the request's line (490), its metrics (400), Lambda's START, END and REPORT
/// (350) and API Gateway's line (260).
const LOG_BYTES: f64 = 1_500.0;
/// The share that X-Ray records of requests beyond the first in a second, which it always records.
const TRACED: f64 = 0.05;
/// What Lambda adds to starting a small Rust function, in milliseconds: its published initialization (14 to 18;
/// maxday/lambda-perf, 2026-08-22) minus that of the same program here.
const SANDBOX: f64 = 15.0;

/// Who calls how often.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The JSON of `cold-start --memory 128,256`.
    figures: PathBuf,
    #[arg(long, default_value_t = 1000)]
    tenants: u32,
    /// Calls of each tenant in a month, half of them MCP and half REST.
    #[arg(long, default_value_t = 500)]
    calls: u32,
    /// How many of a hundred calls start a function.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u8).range(0..=100))]
    cold: u8,
}

#[derive(Deserialize)]
struct Figures {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    #[serde(default)]
    build: String,
    #[serde(default)]
    under_quota: Vec<Throttled>,
}

#[derive(Deserialize)]
struct Throttled {
    memory_mb: u64,
    first_ms: First,
    warm_ms: Warm,
}

#[derive(Deserialize)]
struct First {
    median: f64,
}

#[derive(Deserialize)]
struct Warm {
    p50: f64,
}

/// The costs of a month, in US dollars.
#[derive(Debug, Serialize)]
pub(crate) struct Cost {
    prices_as_of: &'static str,
    calls: f64,
    cold_share: f64,
    lambda: Vec<Lambda>,
    container: Container,
}

#[derive(Debug, PartialEq, Serialize)]
struct Lambda {
    memory_mb: u64,
    /// The billed duration of one call, in milliseconds.
    warm_ms: f64,
    cold_ms: f64,
    duration: f64,
    requests: f64,
    worker: f64,
    gateway: f64,
    traces: f64,
    logs: f64,
    total: f64,
}

#[derive(Debug, Serialize)]
struct Container {
    /// One task with a quarter of a processor and half a GB.
    fargate: f64,
    load_balancer: f64,
    total: f64,
}

/// Computes the costs.
pub(crate) fn run(options: &Options) -> Result<Cost> {
    let text = fs::read_to_string(&options.figures)
        .with_context(|| format!("cannot read {}", options.figures.display()))?;
    let Figures { rows } = serde_json::from_str(&text).context("these are no figures of cold-start")?;
    let calls = f64::from(options.tenants) * f64::from(options.calls);
    let cold = f64::from(options.cold) / 100.0;
    let own = |name: &str| rows.iter().find(|row| row.name == name && row.build.is_empty());
    let asked = ["mcp", "memories"].map(own);
    let (Some(mcp), Some(memories), Some(worker)) = (asked[0], asked[1], own("worker")) else {
        anyhow::bail!("the figures have no mcp, memories and worker");
    };
    ensure!(!mcp.under_quota.is_empty(), "the figures have no quota: cold-start --memory 128,256");
    let mut lambda = Vec::new();
    for at in &mcp.under_quota {
        let of = |row: &Row| row.under_quota.iter().position(|it| it.memory_mb == at.memory_mb);
        let (Some(rest), Some(work)) = (of(memories), of(worker)) else { continue };
        let (rest, work) = (&memories.under_quota[rest], &worker.under_quota[work]);
        lambda.push(month(at, rest, work, calls, cold));
    }
    let fargate = HOURS * (0.25 * prices::FARGATE_CPU + 0.5 * prices::FARGATE_GB);
    let load_balancer = HOURS * prices::LOAD_BALANCER;
    let container = Container {
        fargate: rounded(fargate, 2),
        load_balancer: rounded(load_balancer, 2),
        total: rounded(fargate + load_balancer, 2),
    };
    let cost = Cost { prices_as_of: prices::AS_OF, calls, cold_share: cold, lambda, container };
    print(&cost);
    Ok(cost)
}

fn month(mcp: &Throttled, rest: &Throttled, worker: &Throttled, calls: f64, cold: f64) -> Lambda {
    let warm = f64::midpoint(mcp.warm_ms.p50, rest.warm_ms.p50) + ROUND_TRIPS.1 * ROUND_TRIP;
    let first =
        f64::midpoint(mcp.first_ms.median, rest.first_ms.median) + ROUND_TRIPS.0 * ROUND_TRIP + SANDBOX;
    // Billed by whole milliseconds.
    let (warm, first) = (warm.ceil(), first.ceil());
    #[allow(clippy::cast_precision_loss, reason = "no function has that much memory")]
    let gb = mcp.memory_mb as f64 / 1024.0;
    let dollars = |calls: f64, milliseconds: f64| calls * milliseconds / 1000.0 * gb * prices::GB_SECOND;
    let duration = dollars(calls, warm * (1.0 - cold) + first * cold);
    let requests = calls / 1e6 * prices::LAMBDA_REQUESTS;
    let worker = dollars(WORKER_CALLS, (worker.warm_ms.p50 + ROUND_TRIPS.1 * ROUND_TRIP).ceil())
        + WORKER_CALLS / 1e6 * prices::LAMBDA_REQUESTS;
    let gateway = calls / 1e6 * prices::GATEWAY_REQUESTS;
    let (traces, logs) = (traces(calls), (calls + WORKER_CALLS) * LOG_BYTES / 1e9 * prices::LOGS);
    Lambda {
        memory_mb: mcp.memory_mb,
        warm_ms: warm,
        cold_ms: first,
        duration: rounded(duration, 3),
        requests: rounded(requests, 3),
        worker: rounded(worker, 3),
        gateway: rounded(gateway, 3),
        traces: rounded(traces, 3),
        logs: rounded(logs, 3),
        total: rounded(duration + requests + worker + gateway + traces + logs, 2),
    }
}

/// The cost of traces if requests arrive one by one, which is the maximum; includes those of the worker.
fn traces(calls: f64) -> f64 {
    let all = calls + WORKER_CALLS;
    let alone = all.min(HOURS * 3600.0);
    (alone + (all - alone) * TRACED) / 1e6 * prices::TRACES
}

fn print(cost: &Cost) {
    let header =
        ["MB", "warm ms", "cold ms", "duration", "requests", "worker", "gateway", "traces", "logs", "total"];
    let lines: Vec<Vec<String>> = cost
        .lambda
        .iter()
        .map(|it| {
            let figures = [
                it.warm_ms,
                it.cold_ms,
                it.duration,
                it.requests,
                it.worker,
                it.gateway,
                it.traces,
                it.logs,
                it.total,
            ];
            let figures = figures.iter().map(|figure| format!("{figure:.2}"));
            std::iter::once(it.memory_mb.to_string()).chain(figures).collect()
        })
        .collect();
    table(&header, &lines);
    let Container { fargate, load_balancer, total } = &cost.container;
    say(&format!(
        "always on: {fargate:.2} for the task, {load_balancer:.2} for its load balancer, {total:.2} in all"
    ));
    say(&format!("US dollars a month for {} calls, list prices as of {}", cost.calls, cost.prices_as_of));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttled(first: f64, warm: f64) -> Throttled {
        Throttled { memory_mb: 128, first_ms: First { median: first }, warm_ms: Warm { p50: warm } }
    }

    #[test]
    fn a_month_is_durations_times_prices() {
        let half = throttled(180.1, 17.9);
        let month = month(&half, &half, &throttled(0.0, 7.9), 500_000.0, 0.3);
        assert_eq!((month.warm_ms, month.cold_ms), (20.0, 200.0));
        // 500,000 calls of 74 ms on average at an eighth of a GB.
        assert_eq!(month.duration, rounded(500_000.0 * 0.074 * 0.125 * prices::GB_SECOND, 3));
        assert_eq!((month.requests, month.gateway), (0.1, 0.5));
        assert_eq!(month.traces, rounded(543_800.0 * 5e-6, 3));
        assert_eq!(month.logs, rounded(543_800.0 * 1_500e-9 * 0.5, 3));
        assert_eq!(month.worker, rounded(43_800.0 * (0.01 * 0.125 * prices::GB_SECOND + 0.2e-6), 3));
    }
}
