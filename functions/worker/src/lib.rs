//! `worker`: what nobody waits for, on Lambda. The work itself is in `shared::jobs`.
//!
//! It takes two kinds of events. A schedule names jobs ([`schedule`]); a queue brings messages ([`queue`]), which are
//! written into the outbox first and then delivered with whatever else is due.

pub mod queue;
pub mod schedule;

use std::time::{Duration, Instant, SystemTime};

use lambda_http::lambda_runtime::LambdaEvent;
use serde_json::Value;
use shared::jobs::Worker;

/// A failure that Lambda shall see: the event is tried again.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Nothing more is begun so shortly before Lambda would end the environment.
const MARGIN: Duration = Duration::from_secs(5);

/// Answers one event.
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
    // Half of very little, so that something is begun at all.
    Instant::now() + left.saturating_sub(MARGIN).max(left / 2)
}
