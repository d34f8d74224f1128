//! Points in time as filters write them: an instant, or a whole day.
//!
//! Both are half-open spans in UTC. `2026-11-22` is the day from midnight to midnight, so `lte 2026-11-22` includes
//! that day and `gt 2026-11-22` begins with the next. An instant is the microsecond it falls into, PostgreSQL's
//! resolution. Spans give every comparison one form for both.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::moment;

/// From `since` up to, but not including, `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

impl Span {
    /// Parses `YYYY-MM-DD`, RFC 3339, or a date-time without offset, which is taken as UTC, as in mem0 (Python's
    /// `datetime.isoformat()` produces such).
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(day) = moment::day(text) {
            let next = day.checked_add_days(Days::new(1))?;
            return Some(Self { since: moment::midnight(day), until: moment::midnight(next) });
        }
        Self::instant(moment::instant(text)?.timestamp_micros())
    }

    /// Reads seconds since 1970, as `timestamp` takes them.
    pub(super) fn of_seconds(seconds: f64) -> Option<Self> {
        Self::instant(moment::of_seconds(seconds)?.timestamp_micros())
    }

    fn instant(micros: i64) -> Option<Self> {
        let since = DateTime::from_timestamp_micros(micros)?;
        Some(Self { since, until: since.checked_add_signed(TimeDelta::microseconds(1))? })
    }

    /// Returns the calendar day, in UTC, in which the span begins.
    pub(super) fn day(self) -> NaiveDate {
        self.since.date_naive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Option<(String, String)> {
        Span::parse(text).map(|span| (span.since.to_rfc3339(), span.until.to_rfc3339()))
    }

    #[test]
    fn a_date_is_a_whole_day_in_utc() {
        assert_eq!(
            span("2024-02-29"),
            Some(("2024-02-29T00:00:00+00:00".to_owned(), "2024-03-01T00:00:00+00:00".to_owned()))
        );
    }

    #[test]
    fn an_instant_is_its_microsecond_in_utc() {
        let expected = Some((
            "2024-01-31T22:30:00.123456+00:00".to_owned(),
            "2024-01-31T22:30:00.123457+00:00".to_owned(),
        ));
        assert_eq!(span("2024-02-01T00:30:00.1234569+02:00"), expected);
        assert_eq!(span("2024-01-31T22:30:00.123456"), expected);
        assert_eq!(span("2024-01-31 22:30:00.123456"), expected);
    }

    #[test]
    fn seconds_are_an_instant() {
        assert_eq!(Span::of_seconds(1_706_740_200.5), Span::parse("2024-01-31T22:30:00.5"));
        assert_eq!(Span::of_seconds(f64::MAX), None);
        assert_eq!(Span::of_seconds(f64::NAN), None);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "2024",
            "2024-13-01",
            "2024-1-1",
            "2023-02-29",
            "+2024-01-01",
            "2024-01-01T",
            "20240101",
            "1700000000",
            "2024-01-01Tnoon",
            "２０２４-01-01",
        ] {
            assert_eq!(span(text), None, "{text}");
        }
    }
}
