//! `worker`: background jobs on Lambda. The jobs themselves are in `shared::jobs`.
//!
//! It handles two kinds of events. A schedule names jobs ([`schedule`]); a queue brings messages ([`queue`]), which
//! are written to the outbox first and then delivered together with everything else that is due.

pub mod queue;
pub mod schedule;

use std::time::{Duration, Instant, SystemTime};

use lambda_http::lambda_runtime::LambdaEvent;
use serde_json::Value;
use shared::jobs::Worker;

/// A failure that is reported to Lambda, which retries the event.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// No work is started this shortly before Lambda would end the invocation.
const MARGIN: Duration = Duration::from_secs(5);

/// Handles one event.
pub async fn answer(worker: &Worker, event: LambdaEvent<Value>) -> Result<Value, Failure> {
    let worker = worker.until(last_moment(event.context.deadline()));
    match event.payload {
        Value::Object(payload) if payload.contains_key("Records") => queue::answer(&worker, payload).await,
        payload => schedule::answer(&worker, &payload).await,
    }
}

fn last_moment(deadline: SystemTime) -> Instant {
    #[allow(clippy::disallowed_methods, reason = "Lambda's deadline is a time of day")]
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    // Half of a very short time, so that some work is started at all.
    Instant::now() + left.saturating_sub(MARGIN).max(left / 2)
}
