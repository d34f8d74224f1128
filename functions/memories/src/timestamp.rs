//! Times in requests: mem0's clients send Unix seconds, dates, or ISO 8601.

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use shared::{Error, Result, moment};

/// The accepted formats of a time.
const EXPECTED: &str = "Unix seconds, YYYY-MM-DD or RFC 3339 as in 2026-11-22T09:30:00Z";

/// Seconds since 1970, as an integer or a fraction, or text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Timestamp {
    Whole(i64),
    Fraction(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let read = match Value::deserialize(deserializer)? {
            Value::String(text) => Some(Self::Text(text)),
            Value::Number(number) => {
                number.as_i64().map(Self::Whole).or_else(|| number.as_f64().map(Self::Fraction))
            }
            _ => None,
        };
        read.ok_or_else(|| D::Error::custom(format!("not a time, expected {EXPECTED}")))
    }
}

impl Timestamp {
    pub(crate) fn read(&self, field: &str) -> Result<DateTime<Utc>> {
        let at = match self {
            Self::Whole(seconds) => DateTime::from_timestamp(*seconds, 0),
            Self::Fraction(seconds) => moment::of_seconds(*seconds),
            Self::Text(text) => moment::beginning(text),
        };
        at.ok_or_else(|| Error::invalid(field, format!("not a time, expected {EXPECTED}")))
    }
}

/// Parses the last day of a memory: `YYYY-MM-DD` only, as in mem0's API.
pub(crate) fn expiration(text: &str) -> Result<NaiveDate> {
    moment::day(text).ok_or_else(|| Error::invalid("expiration_date", "not a date, expected YYYY-MM-DD"))
}

/// Returns a bound of a list in the form that filters use: a whole day, or an instant.
pub(crate) fn bound(field: &str, text: &str) -> Result<String> {
    let day = moment::day(text).map(|day| day.to_string());
    day.or_else(|| moment::instant(text).map(|at| at.to_rfc3339())).ok_or_else(|| {
        Error::invalid(field, "not a time, expected YYYY-MM-DD or RFC 3339 as in 2026-11-22T09:30:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<String> {
        let timestamp: Timestamp = serde_json::from_str(json).ok()?;
        timestamp.read("timestamp").ok().map(|at| at.to_rfc3339())
    }

    #[test]
    fn seconds_dates_and_iso_times_are_read() {
        assert_eq!(read("1767225600").as_deref(), Some("2026-01-01T00:00:00+00:00"));
        assert_eq!(read("1767225600.5").as_deref(), Some("2026-01-01T00:00:00.500+00:00"));
        assert_eq!(read("\"2026-01-01\"").as_deref(), Some("2026-01-01T00:00:00+00:00"));
        assert_eq!(read("\"2026-01-01T02:00:00+02:00\"").as_deref(), Some("2026-01-01T00:00:00+00:00"));
        assert_eq!(read("\"2026-01-01T00:00:00\"").as_deref(), Some("2026-01-01T00:00:00+00:00"));
    }

    #[test]
    fn a_bound_is_a_whole_day_or_an_instant() {
        assert_eq!(bound("end_date", "2026-01-31").unwrap(), "2026-01-31");
        assert_eq!(bound("end_date", "2026-01-31T10:00:00+02:00").unwrap(), "2026-01-31T08:00:00+00:00");
        assert_eq!(bound("end_date", "2026-01-31T08:00:00.5").unwrap(), "2026-01-31T08:00:00.500+00:00");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for json in ["\"yesterday\"", "\"2026-02-30\"", "1e300", "9223372036854775807", "true", "\"\""] {
            assert_eq!(read(json), None, "{json}");
        }
        assert!(expiration("2030-01-31").is_ok());
        assert!(bound("start_date", "yesterday").is_err());
        for text in ["2030-1-31", "2030-02-30", "31.01.2030", "2030-01-31T00:00:00Z", ""] {
            assert!(expiration(text).is_err(), "{text}");
        }
    }
}
