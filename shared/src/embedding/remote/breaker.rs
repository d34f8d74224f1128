//! A circuit breaker: without it, every search would wait its full timeout for as long as a model is unavailable.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::failure::Failure;

/// The number of consecutive failures that open the breaker.
const FAILURES: u32 = 3;
/// How long it then stays open; after that, a single failure opens it again.
const REST: Duration = Duration::from_secs(10);
/// Maximum time that a response may ask to wait.
const MAX_REST: Duration = Duration::from_secs(60);

/// The state of the circuit breaker.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    rests_until: Option<Instant>,
}

impl Breaker {
    /// Fails immediately while the breaker is open.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let resting = self.with(|state| state.rests_until.is_some_and(|until| Instant::now() < until));
        if resting { Err(Failure::Resting) } else { Ok(()) }
    }

    /// Records a call that returned vectors.
    pub(super) fn succeeded(&self) {
        self.with(|state| *state = State::default());
    }

    /// Records a call that failed for this reason.
    pub(super) fn failed(&self, failure: &Failure) {
        let asked_for = match failure {
            // The model is available; the texts are the problem.
            Failure::Malformed(_) | Failure::Resting => return,
            failure if failure.is_about_the_texts() => return,
            Failure::Refused { retry_after: Some(after), .. } => Some((*after).min(MAX_REST)),
            _ => None,
        };
        self.with(|state| {
            state.failures = state.failures.saturating_add(1);
            let rest = asked_for.or_else(|| (state.failures >= FAILURES).then_some(REST));
            if let Some(rest) = rest {
                state.rests_until = Some(Instant::now() + rest);
                tracing::warn!(
                    error = %failure,
                    rest_ms = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX),
                    "the embedding model is left alone for a while"
                );
            }
        });
    }

    /// The state survives a panic elsewhere, because it consists of plain values.
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn it_rests_after_failures_in_a_row_only() {
        let breaker = Breaker::default();
        for _ in 0..FAILURES - 1 {
            breaker.failed(&Failure::TimedOut);
        }
        breaker.succeeded();
        breaker.failed(&Failure::TimedOut);
        assert!(breaker.check().is_ok());
        for _ in 1..FAILURES {
            breaker.failed(&Failure::TimedOut);
        }
        assert!(matches!(breaker.check(), Err(Failure::Resting)));
    }

    #[tokio::test]
    async fn a_text_that_is_refused_says_nothing_about_others() {
        let breaker = Breaker::default();
        for _ in 0..10 {
            breaker.failed(&Failure::Malformed(String::new()));
            breaker.failed(&Failure::Refused { status: StatusCode::BAD_REQUEST, retry_after: None });
        }
        assert!(breaker.check().is_ok());
    }

    #[tokio::test]
    async fn a_model_of_another_length_is_left_alone() {
        let breaker = Breaker::default();
        for _ in 0..FAILURES {
            assert!(breaker.check().is_ok());
            breaker.failed(&Failure::Misfit("1536 numbers".to_owned()));
        }
        assert!(matches!(breaker.check(), Err(Failure::Resting)));
    }

    #[tokio::test]
    async fn it_rests_as_long_as_it_is_asked_to() {
        let breaker = Breaker::default();
        let retry_after = Some(Duration::from_millis(30));
        breaker.failed(&Failure::Refused { status: StatusCode::TOO_MANY_REQUESTS, retry_after });
        assert!(breaker.check().is_err());
        tokio::time::sleep(Duration::from_millis(40)).await;
        assert!(breaker.check().is_ok());
    }
}
