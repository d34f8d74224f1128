//! Metrics that CloudWatch extracts from logs (Embedded Metric Format): one line of JSON on standard output, without an
//! agent or an API call. Written on Lambda only; elsewhere the canonical log line has the same numbers.
//!
//! Source: "Embedded metric format specification" in the CloudWatch user guide.

use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::outbox::Outbox;
use crate::telemetry::RequestLog;

const NAMESPACE: &str = "mem0-enterprise";

/// The function and its start time; `None` if no metrics are written.
static FUNCTION: OnceLock<Option<Function>> = OnceLock::new();

struct Function {
    name: String,
    version: String,
    started: Instant,
}

/// Whether any request has been answered.
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Starts writing metrics for this function and version. Only the first call has an effect.
pub fn init(function: Option<(String, String)>) {
    let _ = FUNCTION.set(function.map(|(name, version)| Function { name, version, started: Instant::now() }));
}

/// Whether metrics are written.
#[must_use]
pub fn enabled() -> bool {
    FUNCTION.get().is_some_and(Option::is_some)
}

/// Records an answered request. The number of requests, and of cold starts, is the sample count of these metrics; their
/// duration is a metric of Lambda itself.
pub(crate) fn request(status: StatusCode, log: &RequestLog) {
    let Some(Some(Function { started, .. })) = FUNCTION.get() else { return };
    let fault = status.is_server_error() || log.failed();
    let mut metrics = vec![
        ("Faults", f64::from(u8::from(fault)), "Count"),
        ("DatabaseDuration", log.database_micros() as f64 / 1e3, "Milliseconds"),
    ];
    if !ANSWERED.swap(true, Ordering::Relaxed) {
        metrics.push(("FirstAnswer", started.elapsed().as_secs_f64() * 1e3, "Milliseconds"));
    }
    write(&metrics, fault);
}

/// Records a run of a job. Which one it was and how long it took are in the log.
pub(crate) fn job(succeeded: bool) {
    write(&[("JobFailures", f64::from(u8::from(!succeeded)), "Count")], false);
}

/// Records the verification of a chain of the audit log.
pub(crate) fn audit(broken: bool) {
    write(&[("AuditBroken", f64::from(u8::from(broken)), "Count")], false);
}

/// Records the state of the outbox.
#[allow(clippy::cast_precision_loss, reason = "counts of rows")]
pub(crate) fn outbox(state: &Outbox) {
    write(
        &[
            ("OutboxOpen", state.open as f64, "Count"),
            ("OutboxOldest", state.oldest_seconds, "Seconds"),
            ("OutboxDead", state.dead as f64, "Count"),
        ],
        false,
    );
}

fn write(metrics: &[(&str, f64, &str)], fault: bool) {
    if let Some(Some(function)) = FUNCTION.get() {
        let mut text = line(function, Clock::default().now().timestamp_millis(), metrics, fault).to_string();
        text.push('\n');
        // Failing to write a log must not prevent the response.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

/// Builds a line. There is one dimension, because each further dimension value is billed as another metric. Faults are
/// also counted per version, so that new code is rolled back only for its own faults (`infra/aws/canary.cjs`); this
/// metric is only written if there is a fault, because a metric is billed for the hours in which it is written.
fn line(function: &Function, at: i64, metrics: &[(&str, f64, &str)], fault: bool) -> Value {
    let described: Vec<Value> =
        metrics.iter().map(|(name, _, unit)| json!({ "Name": name, "Unit": unit })).collect();
    let mut line = Map::new();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": described });
    let mut directives = vec![directive];
    if fault {
        let faults = [json!({ "Name": "Faults", "Unit": "Count" })];
        directives.push(
            json!({ "Namespace": NAMESPACE, "Dimensions": [["function", "version"]], "Metrics": faults }),
        );
        line.insert("version".to_owned(), json!(function.version));
    }
    line.insert("_aws".to_owned(), json!({ "Timestamp": at, "CloudWatchMetrics": directives }));
    line.insert("function".to_owned(), json!(function.name));
    line.extend(metrics.iter().map(|(name, value, _)| ((*name).to_owned(), json!(value))));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_is_announced_is_there() {
        let worker = Function { name: "worker".to_owned(), version: "3".to_owned(), started: Instant::now() };
        let line = line(&worker, 7, &[("JobFailures", 1.0, "Count")], false);
        let expected = json!({
            "_aws": { "Timestamp": 7, "CloudWatchMetrics": [{
                "Namespace": "mem0-enterprise", "Dimensions": [["function"]],
                "Metrics": [{ "Name": "JobFailures", "Unit": "Count" }],
            }] },
            "function": "worker", "JobFailures": 1.0,
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn a_fault_is_also_that_of_a_version() {
        let mcp = Function { name: "mcp".to_owned(), version: "3".to_owned(), started: Instant::now() };
        let fault = line(&mcp, 7, &[("Faults", 1.0, "Count")], true);
        let directives = fault["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        assert_eq!(directives[1]["Dimensions"], json!([["function", "version"]]));
        assert_eq!((&fault["version"], &fault["Faults"]), (&json!("3"), &json!(1.0)));
        let none = line(&mcp, 7, &[("Faults", 0.0, "Count")], false);
        assert_eq!(none["_aws"]["CloudWatchMetrics"].as_array().unwrap().len(), 1);
    }
}
