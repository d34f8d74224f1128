//! Metrics as CloudWatch reads them from logs (Embedded Metric Format): one line of JSON on standard output, no agent and no
//! call to any API. Written on Lambda only; elsewhere the canonical log line has the same numbers.
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

/// A request was answered. How many there were, and how many cold starts, is how many values these metrics have; how long they
/// took is a metric of Lambda's own.
pub(crate) fn request(status: StatusCode, log: &RequestLog) {
    let Some(Some((_, started))) = FUNCTION.get() else { return };
    let mut metrics = vec![
        ("Faults", f64::from(u8::from(status.is_server_error() || log.failed())), "Count"),
        ("DatabaseDuration", log.database_micros() as f64 / 1e3, "Milliseconds"),
    ];
    if !ANSWERED.swap(true, Ordering::Relaxed) {
        metrics.push(("FirstAnswer", started.elapsed().as_secs_f64() * 1e3, "Milliseconds"));
    }
    write(&metrics);
}

/// A job has run: any, because which one it was and how long it took is in the log.
pub(crate) fn job(succeeded: bool) {
    write(&[("JobFailures", f64::from(u8::from(!succeeded)), "Count")]);
}

/// A chain of the audit log was followed.
pub(crate) fn audit(broken: bool) {
    write(&[("AuditBroken", f64::from(u8::from(broken)), "Count")]);
}

/// What there is to deliver.
#[allow(clippy::cast_precision_loss, reason = "counts of rows")]
pub(crate) fn outbox(state: &Outbox) {
    write(&[
        ("OutboxOpen", state.open as f64, "Count"),
        ("OutboxOldest", state.oldest_seconds, "Seconds"),
        ("OutboxDead", state.dead as f64, "Count"),
    ]);
}

fn write(metrics: &[(&str, f64, &str)]) {
    if let Some(Some((function, _))) = FUNCTION.get() {
        let mut text = line(function, Clock::default().now().timestamp_millis(), metrics).to_string();
        text.push('\n');
        // A log that nobody can read is no reason not to answer.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

/// With one dimension: what every further value of one makes of a metric is billed as another metric.
fn line(function: &str, at: i64, metrics: &[(&str, f64, &str)]) -> Value {
    let described: Vec<Value> =
        metrics.iter().map(|(name, _, unit)| json!({ "Name": name, "Unit": unit })).collect();
    let mut line = Map::new();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": described });
    line.insert("_aws".to_owned(), json!({ "Timestamp": at, "CloudWatchMetrics": [directive] }));
    line.insert("function".to_owned(), json!(function));
    line.extend(metrics.iter().map(|(name, value, _)| ((*name).to_owned(), json!(value))));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_is_announced_is_there() {
        let line = line("worker", 7, &[("JobFailures", 1.0, "Count")]);
        let expected = json!({
            "_aws": { "Timestamp": 7, "CloudWatchMetrics": [{
                "Namespace": "mem0-enterprise", "Dimensions": [["function"]],
                "Metrics": [{ "Name": "JobFailures", "Unit": "Count" }],
            }] },
            "function": "worker", "JobFailures": 1.0,
        });
        assert_eq!(line, expected);
    }
}
