//! Why a request returned no vectors, and whether to retry.

use std::time::Duration;

use chrono::DateTime;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

use crate::clock::Clock;
use crate::embedding::EmbedError;

/// The pause before the second attempt; doubled before each further one, and shortened by jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Maximum pause that a response may ask for, because clocks cannot represent every value it may contain.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The reason for a failure. Never quotes a text or the response, which may contain it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The connection failed or broke.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// No response in time.
    #[error("no answer in time")]
    TimedOut,
    /// The response has an error status.
    #[error("answered {status}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// The pause that the response asks for.
        retry_after: Option<Duration>,
    },
    /// The response is malformed.
    #[error("{0}")]
    Malformed(String),
    /// The vectors have the wrong length: the model or its configuration is wrong, whatever the texts.
    #[error("{0}")]
    Misfit(String),
    /// There are no credentials to sign with.
    #[error("no AWS credentials: {0}")]
    Credentials(String),
    /// It failed repeatedly a moment ago, so no request was sent.
    #[error("left alone after repeated failures")]
    Resting,
}

impl Failure {
    /// Creates a failure from an unsuccessful response.
    pub(super) fn refused(status: StatusCode, headers: &HeaderMap, clock: &Clock) -> Self {
        let value = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        Self::Refused { status, retry_after: value.and_then(|value| retry_after(value.trim(), clock)) }
    }

    /// Returns whether the texts caused the failure, so that others may succeed.
    pub(super) fn is_about_the_texts(&self) -> bool {
        use StatusCode as S;
        let of_texts = [S::BAD_REQUEST, S::PAYLOAD_TOO_LARGE, S::UNPROCESSABLE_ENTITY];
        matches!(self, Self::Refused { status, .. } if of_texts.contains(status))
    }

    /// Returns how long to wait before the next attempt after this one (from 1), or `None` if a retry would be
    /// pointless.
    pub(super) fn pause(&self, attempt: u32) -> Option<Duration> {
        let backoff = FIRST_PAUSE * 2u32.saturating_pow(attempt.saturating_sub(1).min(10));
        // Between half and all of it, so that clients that failed together do not retry together.
        let jittered = || backoff.mul_f64(0.5 + 0.5 * chance());
        match self {
            Self::Refused { retry_after: Some(after), .. } if self.is_temporary() => {
                Some((*after).max(jittered()))
            }
            _ if self.is_temporary() => Some(jittered()),
            _ => None,
        }
    }

    fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut | Self::Malformed(_) | Self::Misfit(_) => true,
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS]
                        .contains(status)
            }
            Self::Credentials(_) | Self::Resting => false,
        }
    }
}

impl From<Failure> for EmbedError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Malformed(reason) | Failure::Misfit(reason) => Self::Rejected { reason },
            failure if failure.is_about_the_texts() => Self::Rejected { reason: failure.to_string() },
            failure => Self::Unavailable(Box::new(failure)),
        }
    }
}

/// Parses seconds or a date (RFC 9110, section 10.2.3), limited to [`LONGEST_PAUSE`].
fn retry_after(value: &str, clock: &Clock) -> Option<Duration> {
    let after = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = DateTime::parse_from_rfc2822(value).ok()?;
            (at.to_utc() - clock.now()).to_std().unwrap_or_default()
        }
    };
    Some(after.min(LONGEST_PAUSE))
}

/// Returns a random number from 0 to 1. If the generator fails, only the jitter is lost.
fn chance() -> f64 {
    let random = crate::random::bytes().map_or(0, u32::from_le_bytes);
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, after: Option<&str>) -> Failure {
        let mut headers = HeaderMap::new();
        if let Some(after) = after {
            headers.insert(RETRY_AFTER, after.parse().unwrap());
        }
        let clock = Clock::mock("2026-03-02T09:00:00Z".parse().unwrap());
        Failure::refused(StatusCode::from_u16(status).unwrap(), &headers, &clock)
    }

    #[test]
    fn what_may_pass_is_tried_again_with_growing_pauses() {
        for failure in [refused(500, None), refused(503, None), refused(429, None), Failure::TimedOut] {
            for (attempt, most) in [(1, 100), (2, 200), (3, 400)] {
                let pause = failure.pause(attempt).unwrap().as_millis();
                assert!((most / 2..=most).contains(&pause), "{failure}: {pause} ms before attempt {attempt}");
            }
        }
    }

    #[test]
    fn what_stays_wrong_is_not() {
        for status in [400, 401, 403, 404, 413, 422] {
            assert_eq!(refused(status, Some("1")).pause(1), None, "{status}");
        }
        assert_eq!(Failure::Resting.pause(1), None);
    }

    #[test]
    fn a_pause_is_as_long_as_the_answer_asks_for() {
        for after in ["7", "Mon, 02 Mar 2026 09:00:07 GMT"] {
            assert_eq!(refused(429, Some(after)).pause(1), Some(Duration::from_secs(7)), "{after}");
        }
        for forever in ["18446744073709551615", "Tue, 02 Mar 9926 09:00:00 GMT"] {
            assert_eq!(refused(429, Some(forever)).pause(1), Some(LONGEST_PAUSE), "{forever}");
        }
        assert!(refused(429, Some("Mon, 02 Mar 2026 08:00:00 GMT")).pause(1).unwrap() <= FIRST_PAUSE);
        assert!(refused(429, Some("soon")).pause(1).unwrap() <= FIRST_PAUSE);
    }

    #[test]
    fn a_refused_text_is_rejected_and_a_refused_key_is_not() {
        assert!(matches!(EmbedError::from(refused(400, None)), EmbedError::Rejected { .. }));
        assert!(matches!(EmbedError::from(refused(401, None)), EmbedError::Unavailable(_)));
    }
}
