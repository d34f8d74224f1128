//! Times as requests write them: a day, an instant, or seconds since 1970.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// Parses a day: `2026-11-22`. chrono alone would also accept `2026-1-2` and `+12026-01-02`.
#[must_use]
pub fn day(text: &str) -> Option<NaiveDate> {
    (text.len() == 10 && has_year(text)).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

/// Parses RFC 3339, or a date and time without offset, which is taken as UTC, as in mem0 (Python's
/// `datetime.isoformat()` produces such).
#[must_use]
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    if !has_year(text) {
        return None;
    }
    let without_offset = |format| NaiveDateTime::parse_from_str(text, format).map(|naive| naive.and_utc());
    let instant = DateTime::parse_from_rfc3339(text).map(|instant| instant.to_utc());
    let instant = instant.or_else(|_| without_offset("%Y-%m-%dT%H:%M:%S%.f"));
    instant.or_else(|_| without_offset("%Y-%m-%d %H:%M:%S%.f")).ok()
}

/// Parses an instant, or a day, which stands for its beginning in UTC.
#[must_use]
pub fn beginning(text: &str) -> Option<DateTime<Utc>> {
    instant(text).or_else(|| day(text).map(midnight))
}

/// Parses when something ends: an instant, or its last day in UTC.
#[must_use]
pub fn end(text: &str) -> Option<DateTime<Utc>> {
    instant(text).or_else(|| day(text)?.succ_opt().map(midnight))
}

/// Reads seconds since 1970.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "within what the type holds")]
pub fn of_seconds(seconds: f64) -> Option<DateTime<Utc>> {
    // Beyond every year that can be stored, where `as` would saturate.
    (seconds.abs() <= 1e12).then(|| DateTime::from_timestamp_micros((seconds * 1e6) as i64)).flatten()
}

/// The beginning of a day in UTC.
#[must_use]
pub fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// Whether a text begins with a year of four digits. chrono alone would also accept signs and more digits.
fn has_year(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10 && bytes[4] == b'-' && bytes[..4].iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_an_offset_or_is_in_utc() {
        let read = |text: &str| instant(text).map(|at| at.to_rfc3339());
        let expected = Some("2024-01-31T22:30:00.123456900+00:00".to_owned());
        for text in [
            "2024-02-01T00:30:00.1234569+02:00",
            "2024-01-31T22:30:00.1234569",
            "2024-01-31 22:30:00.1234569",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        for text in
            ["2024-01-31", "+12024-01-31T00:00:00Z", "2024-01-01T", "2024-01-01Tnoon", "yesterday", ""]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_begins_and_ends_in_utc() {
        assert_eq!(beginning("2026-03-31"), instant("2026-03-31T00:00:00Z"));
        assert_eq!(end("2026-03-31"), instant("2026-04-01T00:00:00Z"));
        assert_eq!(end("2026-03-31T12:00:00"), instant("2026-03-31T12:00:00Z"));
        for text in ["2026-3-31", "2026-02-30", "31.03.2026", "２０２6-01-01"] {
            assert!(day(text).is_none() && beginning(text).is_none() && end(text).is_none(), "{text}");
        }
    }

    #[test]
    fn seconds_are_an_instant() {
        assert_eq!(of_seconds(1_706_740_200.5), instant("2024-01-31T22:30:00.5"));
        assert!(of_seconds(f64::MAX).is_none() && of_seconds(f64::NAN).is_none());
    }
}
