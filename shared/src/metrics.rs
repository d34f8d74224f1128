//! Metrics as CloudWatch reads them from logs (Embedded Metric Format): one line of JSON on standard output, no agent and no
//! call to any API. Written on Lambda only; elsewhere the canonical log line has the same numbers.
//!
//! Source: "Embedded metric format specification" in the CloudWatch user guide.

use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::outbox::Outbox;
use crate::telemetry::RequestLog;

const NAMESPACE: &str = "mem0-enterprise";

/// The function's name and when it started; nothing where no metrics are written.
static FUNCTION: OnceLock<Option<(String, Instant)>> = OnceLock::new();

/// Whether a request has been answered.
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Begins to write metrics, as that function's. Only the first call counts.
pub fn init(function: Option<String>) {
    let _ = FUNCTION.set(function.map(|name| (name, Instant::now())));
}

/// Whether metrics are written.
#[must_use]
pub fn enabled() -> bool {
    FUNCTION.get().is_some_and(Option::is_some)
}

/// A request was answered.
pub(crate) fn request(status: StatusCode, took: Duration, log: &RequestLog) {
    let Some(Some((_, started))) = FUNCTION.get() else { return };
    let mut metrics = vec![
        ("Requests", 1.0, "Count"),
        ("Faults", f64::from(u8::from(status.is_server_error())), "Count"),
        ("Duration", took.as_secs_f64() * 1e3, "Milliseconds"),
        ("DatabaseDuration", log.database_micros() as f64 / 1e3, "Milliseconds"),
        ("Queries", f64::from(log.queries()), "Count"),
    ];
    if !ANSWERED.swap(true, Ordering::Relaxed) {
        metrics.push(("ColdStarts", 1.0, "Count"));
        metrics.push(("FirstAnswer", started.elapsed().as_secs_f64() * 1e3, "Milliseconds"));
    }
    write(&[], &metrics);
}

/// A job has run.
pub(crate) fn job(name: &str, took: Duration, succeeded: bool) {
    let failed = f64::from(u8::from(!succeeded));
    let duration = took.as_secs_f64() * 1e3;
    write(&[("job", name)], &[("JobFailures", failed, "Count"), ("JobDuration", duration, "Milliseconds")]);
}

/// What there is to deliver.
#[allow(clippy::cast_precision_loss, reason = "counts of rows")]
pub(crate) fn outbox(state: &Outbox) {
    write(
        &[],
        &[
            ("OutboxOpen", state.open as f64, "Count"),
            ("OutboxOldest", state.oldest_seconds, "Seconds"),
            ("OutboxDead", state.dead as f64, "Count"),
        ],
    );
}

fn write(dimensions: &[(&str, &str)], metrics: &[(&str, f64, &str)]) {
    if let Some(Some((function, _))) = FUNCTION.get() {
        let mut text =
            line(function, Clock::default().now().timestamp_millis(), dimensions, metrics).to_string();
        text.push('\n');
        // A log that nobody can read is no reason not to answer.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

fn line(function: &str, at: i64, dimensions: &[(&str, &str)], metrics: &[(&str, f64, &str)]) -> Value {
    let names: Vec<&str> =
        std::iter::once("function").chain(dimensions.iter().map(|(name, _)| *name)).collect();
    let described: Vec<Value> =
        metrics.iter().map(|(name, _, unit)| json!({ "Name": name, "Unit": unit })).collect();
    let mut line = Map::new();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [names], "Metrics": described });
    line.insert("_aws".to_owned(), json!({ "Timestamp": at, "CloudWatchMetrics": [directive] }));
    line.insert("function".to_owned(), json!(function));
    line.extend(dimensions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    line.extend(metrics.iter().map(|(name, value, _)| ((*name).to_owned(), json!(value))));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_and_dimension_that_is_announced_is_there() {
        let line = line("worker", 7, &[("job", "memory.embed")], &[("JobFailures", 1.0, "Count")]);
        let expected = json!({
            "_aws": { "Timestamp": 7, "CloudWatchMetrics": [{
                "Namespace": "mem0-enterprise", "Dimensions": [["function", "job"]],
                "Metrics": [{ "Name": "JobFailures", "Unit": "Count" }],
            }] },
            "function": "worker", "job": "memory.embed", "JobFailures": 1.0,
        });
        assert_eq!(line, expected);
    }
}
