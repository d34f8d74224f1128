//! Time expressions in a query and the periods they mean: "yesterday", "last week", "two months ago", "Q2 2025", "since
//! 3 March", "from June to August", "summer of 2025".

mod dated;

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, TimeDelta, Utc, Weekday};

use super::dates::month_name;
use super::unit::{Unit, after, back, before, number, weekday};
use super::words::words;
use dated::{Dated, season};

/// A range of days, including the last one. In UTC, because the time zone of the query is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    first: NaiveDate,
    last: NaiveDate,
}

impl Period {
    /// Returns the first period mentioned in a text, relative to `now`.
    pub(super) fn spoken_of_in(text: &str, now: DateTime<Utc>) -> Option<Self> {
        let words: Vec<String> = words(text).map(str::to_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        (0..words.len()).find_map(|at| Self::beginning(&words[at..], now.date_naive()))
    }

    /// Returns whether a moment lies in it.
    pub(super) fn contains(&self, at: DateTime<Utc>) -> bool {
        (self.first..=self.last).contains(&at.date_naive())
    }

    /// Parses a period at the start of these lower-case words.
    fn beginning(words: &[&str], today: NaiveDate) -> Option<Self> {
        if let Some((period, _)) = Self::bounded(words, today) {
            return Some(period);
        }
        if let Some(period) = Self::relative_bound(words, today).or_else(|| Self::leading_up(words, today)) {
            return Some(period);
        }
        match words {
            [end @ ("first" | "last"), "week", "of", rest @ ..]
                if let Some(whole) = Dated::beginning(rest, today) =>
            {
                let Self { first, last } = whole.period;
                match *end {
                    "first" => Self::until(first.checked_add_days(Days::new(6))?.min(last), first),
                    _ => Self::until(last, back(last, 6)?.max(first)),
                }
            }
            ["half", "a", "year", "ago", ..] => Self::around(today, 6, Unit::Month),
            ["day", "before", "yesterday", ..] => Self::day(back(today, 2)?),
            ["today" | "tonight", ..] | ["this", "morning" | "afternoon" | "evening", ..] => Self::day(today),
            ["yesterday", ..] | ["last", "night", ..] => Self::day(back(today, 1)?),
            ["tomorrow", ..] => Self::day(today.checked_add_days(Days::new(1))?),
            ["recently" | "lately", ..] => Self::until(today, back(today, 30)?),
            ["over" | "on" | "at", "the", "weekend", ..] => Self::until(today, back(today, 6)?)
                .and_then(|days| Self::of(days.last_saturday()?, Unit::Weekend)),
            ["last" | "past", count, "hour" | "hours", ..] => {
                Self::until(today, back(today, u64::from(number(count)?).div_ceil(24))?)
            }
            ["a" | "one", "fortnight", "ago", ..] => Self::around(today, 2, Unit::Week),
            ["last" | "past" | "previous" | "this" | "in" | "during", name, ..] if season(name).is_some() => {
                Self::season(
                    season(name)?,
                    words[0] != "this" && words[0] != "in" && words[0] != "during",
                    today,
                )
            }
            // "Last month" is the calendar's, "the past month" ends now.
            ["past", unit, ..] if Unit::of(unit).is_some() => {
                Self::until(today, before(today, 1, Unit::of(unit)?)?)
            }
            ["last" | "past" | "previous", count, unit, ..] if number(count).is_some() => {
                Self::until(today, before(today, number(count)?, Unit::of(unit)?)?)
            }
            ["last" | "past" | "previous", unit, ..] => match Unit::of(unit) {
                Some(unit) => Self::of(before(today, 1, unit)?, unit),
                None => Self::day(weekday(today, unit, false)?),
            },
            ["this" | "current", unit, ..] => match Unit::of(unit) {
                Some(unit) => Self::of(today, unit),
                None => Self::day(weekday(Self::of(today, Unit::Week)?.last, unit, true)?),
            },
            ["next", unit, ..] => match Unit::of(unit) {
                Some(unit) => Self::of(after(today, unit)?, unit),
                None => Self::day(weekday(today, unit, true)?.checked_add_days(Days::new(7))?),
            },
            ["on", name, ..] => Self::day(weekday(today, name, true)?),
            [count, unit, "ago", ..] => Self::around(today, number(count)?, Unit::of(unit)?),
            [count, "of", unit, "ago", ..] => Self::around(today, number(count)?, Unit::of(unit)?),
            _ => None,
        }
    }

    /// Parses a period bounded by dates, or a part of a year, at the start of these words, and returns how many of them
    /// it spans: "before 2026", "since March", "between May and July 2025", "Q2 2025", "the first half of 2025".
    pub(super) fn bounded(words: &[&str], today: NaiveDate) -> Option<(Self, usize)> {
        let (first, rest) = words.split_first()?;
        let date = |skip: usize| Dated::beginning(rest.get(skip..)?, today);
        match *first {
            "before" => {
                let date = date(0)?;
                Some((Self::until(date.period.first.pred_opt()?, NaiveDate::MIN)?, 1 + date.taken))
            }
            "until" | "till" => {
                let date = date(0)?;
                Some((Self::until(date.period.last, NaiveDate::MIN)?, 1 + date.taken))
            }
            "since" => {
                let date = date(0)?;
                Some((Self::until(NaiveDate::MAX, date.period.first)?, 1 + date.taken))
            }
            "after" => {
                let date = date(0)?;
                Some((Self::until(NaiveDate::MAX, date.period.last.succ_opt()?)?, 1 + date.taken))
            }
            "between" | "from" => {
                let one = date(0)?;
                let joined =
                    matches!(rest.get(one.taken), Some(&("and" | "to" | "until" | "till" | "through")));
                if *first == "from" && !joined {
                    return None;
                }
                let (period, taken) = Self::joined(rest, &one, one.taken + usize::from(joined), today)?;
                Some((period, 1 + taken))
            }
            // "June-August", but not "June, July and August".
            name if month_name(name).is_some()
                && rest.first().is_some_and(|next| month_name(next).is_some()) =>
            {
                let more = rest.get(1).is_some_and(|next| *next == "and" || month_name(next).is_some());
                let one = Dated::beginning(&words[..1], today).filter(|_| !more)?;
                Self::joined(words, &one, 1, today)
            }
            _ => dated::part_of_year(words, today),
        }
    }

    /// Parses the end of a range that begins with `one`, and returns how many words it all spans. In "between May and
    /// July 2025", both months are in that year.
    fn joined(words: &[&str], one: &Dated, skip: usize, today: NaiveDate) -> Option<(Self, usize)> {
        let other = Dated::beginning(words.get(skip..)?, today)?;
        let mut first = one.period.first;
        if other.has_year && !one.has_year {
            let same_year = first.with_year(other.period.first.year())?;
            first = if same_year <= other.period.last { same_year } else { first };
        }
        let period = Self { first, last: other.period.last };
        (period.first <= period.last).then_some((period, skip + other.taken))
    }

    /// Parses a period that begins or ends with another one that is relative to now: "since yesterday", "before last week".
    fn relative_bound(words: &[&str], today: NaiveDate) -> Option<Self> {
        let (first, rest) = words.split_first()?;
        if !matches!(*first, "since" | "after" | "before" | "until" | "till") {
            return None;
        }
        // Words like these one after the other mean nothing, and could go on for long.
        if matches!(rest.first(), Some(&("since" | "after" | "before" | "until" | "till"))) {
            return None;
        }
        let named = rest.first().and_then(|name| weekday(today, name, true)).and_then(Self::day);
        let period = named.or_else(|| Self::beginning(rest, today))?;
        match *first {
            "since" => Self::until(NaiveDate::MAX, period.first),
            "after" => Self::until(NaiveDate::MAX, period.last.succ_opt()?),
            "before" => Self::until(period.first.pred_opt()?, NaiveDate::MIN),
            _ => Self::until(period.last, NaiveDate::MIN),
        }
    }

    /// Parses a period that leads up to a date: "the week before 3 August". What happened then is often
    /// told on the day itself, so that belongs to it.
    fn leading_up(words: &[&str], today: NaiveDate) -> Option<Self> {
        let (count, unit, rest) = match words {
            ["last", unit, "before", rest @ ..] | [unit, "before", rest @ ..] => (1, unit, rest),
            [count, unit, "before", rest @ ..] => (number(count)?, unit, rest),
            _ => return None,
        };
        let (unit, day) = (Unit::of(unit)?, Dated::beginning(rest, today)?.period.first);
        Self::until(day, before(day, count, unit)?)
    }

    fn last_saturday(&self) -> Option<NaiveDate> {
        self.first.iter_days().take_while(|day| *day <= self.last).find(|day| day.weekday() == Weekday::Sat)
    }

    /// The most recent season that has begun or, if `whole`, ended; of the northern hemisphere.
    fn season(months: u32, whole: bool, today: NaiveDate) -> Option<Self> {
        (0..3).find_map(|ago| {
            let first = NaiveDate::from_ymd_opt(today.year() - ago, months, 1)?;
            let last = first.checked_add_months(Months::new(3))?.pred_opt()?;
            (if whole { last < today } else { first <= today }).then_some(Self { first, last })
        })
    }

    fn day(day: NaiveDate) -> Option<Self> {
        Some(Self { first: day, last: day })
    }

    fn until(last: NaiveDate, first: NaiveDate) -> Option<Self> {
        Some(Self { first, last })
    }

    /// Returns the whole unit that contains a day.
    fn of(day: NaiveDate, unit: Unit) -> Option<Self> {
        let monday = day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday())))?;
        let first = match unit {
            Unit::Day => day,
            Unit::Week => monday,
            Unit::Weekend => monday.checked_add_days(Days::new(5))?,
            Unit::Month => day.with_day(1)?,
            Unit::Quarter => day.with_day(1)?.with_month0(day.month0() / 3 * 3)?,
            Unit::Year => day.with_ordinal(1)?,
        };
        let next = match unit {
            Unit::Day => first.checked_add_days(Days::new(1))?,
            Unit::Weekend => first.checked_add_days(Days::new(2))?,
            Unit::Week => first.checked_add_days(Days::new(7))?,
            Unit::Month => first.checked_add_months(Months::new(1))?,
            Unit::Quarter => first.checked_add_months(Months::new(3))?,
            Unit::Year => first.checked_add_months(Months::new(12))?,
        };
        Self::until(next.pred_opt()?, first)
    }

    /// Returns the period `count` units ago, with the tolerance of everyday speech: half a unit either way.
    fn around(today: NaiveDate, count: u32, unit: Unit) -> Option<Self> {
        let middle = before(today, count, unit)?;
        let slack = match unit {
            Unit::Day => 0,
            Unit::Week | Unit::Weekend => 3,
            Unit::Month => 15,
            Unit::Quarter => 45,
            Unit::Year if count == 1 => 91,
            Unit::Year => 183,
        };
        let slack = TimeDelta::days(slack);
        Self::until(middle.checked_add_signed(slack)?.min(today), middle.checked_sub_signed(slack)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns a Wednesday.
    fn now() -> DateTime<Utc> {
        "2026-03-18T09:00:00Z".parse().unwrap()
    }

    fn period(text: &str) -> Option<(String, String)> {
        Period::spoken_of_in(text, now()).map(|period| (period.first.to_string(), period.last.to_string()))
    }

    #[test]
    fn time_words_mean_days() {
        for (text, first, last) in [
            ("What did I do yesterday?", "2026-03-17", "2026-03-17"),
            ("the day before yesterday", "2026-03-16", "2026-03-16"),
            ("what is on today", "2026-03-18", "2026-03-18"),
            ("what did we decide last week", "2026-03-09", "2026-03-15"),
            ("this week's decisions", "2026-03-16", "2026-03-22"),
            ("last weekend", "2026-03-14", "2026-03-15"),
            ("Last month?", "2026-02-01", "2026-02-28"),
            ("last quarter", "2025-10-01", "2025-12-31"),
            ("this year", "2026-01-01", "2026-12-31"),
            ("two weeks ago", "2026-03-01", "2026-03-07"),
            ("3 days ago", "2026-03-15", "2026-03-15"),
            ("a couple of months ago", "2026-01-03", "2026-02-02"),
            ("in the last 10 days", "2026-03-08", "2026-03-18"),
            ("over the past few weeks", "2026-02-25", "2026-03-18"),
            ("last Friday", "2026-03-13", "2026-03-13"),
            ("last Wednesday", "2026-03-11", "2026-03-11"),
            ("what we said on Monday", "2026-03-16", "2026-03-16"),
            ("next month", "2026-04-01", "2026-04-30"),
            ("half a year ago", "2025-09-03", "2025-10-03"),
            ("in Q2 2025", "2025-04-01", "2025-06-30"),
            ("Q4?", "2025-10-01", "2025-12-31"),
            ("the third quarter of 2025", "2025-07-01", "2025-09-30"),
            ("H1 2025", "2025-01-01", "2025-06-30"),
            ("in the second half of 2025", "2025-07-01", "2025-12-31"),
            ("between May and July 2025", "2025-05-01", "2025-07-31"),
            ("from June to August", "2025-06-01", "2025-08-31"),
            ("between December and January", "2025-12-01", "2026-01-31"),
            ("over the weekend", "2026-03-14", "2026-03-15"),
            ("the past week", "2026-03-11", "2026-03-18"),
            ("within the past month", "2026-02-18", "2026-03-18"),
            ("in the last 24 hours", "2026-03-17", "2026-03-18"),
            ("a fortnight ago", "2026-03-01", "2026-03-07"),
            ("last summer", "2025-06-01", "2025-08-31"),
            ("this winter", "2025-12-01", "2026-02-28"),
            ("in autumn", "2025-09-01", "2025-11-30"),
            ("between 2025-05-03 and 2025-06-01", "2025-05-03", "2025-06-01"),
            ("June-August", "2025-06-01", "2025-08-31"),
            ("from 1 May to 31 May 2025", "2025-05-01", "2025-05-31"),
            ("between 28 February and March 3", "2026-02-28", "2026-03-03"),
            ("from December to January 2026", "2025-12-01", "2026-01-31"),
            ("summer of 2024", "2024-06-01", "2024-08-31"),
            ("winter 2025", "2025-12-01", "2026-02-28"),
            ("the last week of October", "2025-10-25", "2025-10-31"),
            ("the first week of 2026", "2026-01-01", "2026-01-07"),
            ("a year ago", "2024-12-17", "2025-06-17"),
            ("the week before 16 November 2025", "2025-11-09", "2025-11-16"),
            ("two weeks before March 3", "2026-02-17", "2026-03-03"),
            ("the last weekend before 10 March 2026", "2026-03-03", "2026-03-10"),
        ] {
            assert_eq!(period(text), Some((first.to_owned(), last.to_owned())), "{text}");
        }
    }

    #[test]
    fn days_of_the_week_are_counted_from_today() {
        let days = ["2026-03-18", "2026-03-20", "2026-03-22"];
        for (text, wednesday, friday, sunday) in [
            ("last Friday", "2026-03-13", "2026-03-13", "2026-03-20"),
            ("on Friday", "2026-03-13", "2026-03-20", "2026-03-20"),
            ("this Friday", "2026-03-20", "2026-03-20", "2026-03-20"),
            ("next Friday", "2026-03-20", "2026-03-27", "2026-03-27"),
            ("this Monday", "2026-03-16", "2026-03-16", "2026-03-16"),
            ("next Monday", "2026-03-23", "2026-03-23", "2026-03-23"),
        ] {
            for (today, expected) in days.into_iter().zip([wednesday, friday, sunday]) {
                let now = format!("{today}T09:00:00Z").parse().unwrap();
                let day = Period::spoken_of_in(text, now).unwrap();
                assert_eq!((day.first, day.last), (day.last, expected.parse().unwrap()), "{text} on {today}");
            }
        }
    }

    #[test]
    fn bounds_are_dates() {
        for (text, inside, outside) in [
            ("failures before 2026", "2025-12-31T23:00:00Z", "2026-01-01T00:00:00Z"),
            ("since March 2025", "2025-03-01T00:00:00Z", "2025-02-28T23:00:00Z"),
            ("since November", "2025-11-01T00:00:00Z", "2025-10-31T23:00:00Z"),
            ("since yesterday", "2026-03-18T08:00:00Z", "2026-03-16T23:00:00Z"),
            ("since 1 September", "2025-09-01T00:00:00Z", "2025-08-31T23:00:00Z"),
            ("after September 3rd, 2025", "2025-09-04T00:00:00Z", "2025-09-03T23:00:00Z"),
            ("since the 1st of March", "2026-03-01T00:00:00Z", "2026-02-28T23:00:00Z"),
            ("since Monday", "2026-03-16T00:00:00Z", "2026-03-15T23:00:00Z"),
            ("since last week", "2026-03-18T08:00:00Z", "2026-03-08T23:00:00Z"),
            ("before last week", "2026-03-08T23:00:00Z", "2026-03-09T00:00:00Z"),
            ("after 2024", "2025-01-01T00:00:00Z", "2024-12-31T23:00:00Z"),
            ("until 2025-06-03", "2025-06-03T23:00:00Z", "2025-06-04T00:00:00Z"),
        ] {
            let period = Period::spoken_of_in(text, now()).unwrap();
            assert!(period.contains(inside.parse().unwrap()), "{text}");
            assert!(!period.contains(outside.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn other_words_mean_no_time() {
        for text in [
            "",
            "the last train",
            "this project",
            "on call",
            "long ago",
            "a day off",
            "on mon",
            "week 12",
            "before lunch",
            "the first half",
            "between us and them",
            "since you ask",
        ] {
            assert_eq!(period(text), None, "{text}");
        }
    }

    #[test]
    fn both_ends_belong_to_a_period() {
        let week = Period::spoken_of_in("last week", now()).unwrap();
        for (at, inside) in [
            ("2026-03-08T23:59:59Z", false),
            ("2026-03-09T00:00:00Z", true),
            ("2026-03-15T23:59:59Z", true),
            ("2026-03-16T00:00:00Z", false),
        ] {
            assert_eq!(week.contains(at.parse().unwrap()), inside, "{at}");
        }
    }

    proptest! {
        #[test]
        fn no_text_and_no_moment_is_too_odd(
            text in "(last|next|this|past|on|ago|few|of|half|since|before|after|between|and|may|q3|h2|third|2026|[0-9]{1,10}|years?|weeks?|quarters?|monday|a| ){1,12}",
            seconds in i64::MIN / 1_000_000..i64::MAX / 1_000_000,
        ) {
            let now = DateTime::from_timestamp(seconds % 8_000_000_000_000, 0).unwrap();
            if let Some(period) = Period::spoken_of_in(&text, now) {
                prop_assert!(period.first <= period.last);
            }
        }
    }
}
