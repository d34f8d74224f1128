//! Periods that are named by a date or a part of a year.

use chrono::{Datelike as _, Months, NaiveDate};

use super::Period;
use crate::memory::ranking::dates::{day_of_month, month_name, two_digits, year};
use crate::memory::ranking::unit::Unit;

/// A period that was named by its date.
pub(super) struct Dated {
    pub(super) period: Period,
    /// How many words it spans.
    pub(super) taken: usize,
    pub(super) has_year: bool,
}

impl Dated {
    /// Parses a year, a month or a day at the start of these words. Without a year, the most recent one is meant.
    pub(super) fn beginning(words: &[&str], today: NaiveDate) -> Option<Self> {
        if let ["the", name, ..] = words
            && *name != "the"
        {
            let dated = Self::beginning(&words[1..], today)?;
            return Some(Self { taken: dated.taken + 1, ..dated });
        }
        let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
        let dated =
            |day, unit, taken, has_year| Some(Self { period: Period::of(day, unit)?, taken, has_year });
        if let [one, month, day, ..] = words
            && let (Some(year), Some(month), Some(day)) =
                (year(one), two_digits(month, 12), two_digits(day, 31))
        {
            return dated(date(year, month, day)?, Unit::Day, 3, true);
        }
        if let Some(year) = words.first().and_then(|word| year(word)) {
            return dated(date(year, 1, 1)?, Unit::Year, 1, true);
        }
        let (month, day, taken) = match words {
            [day, "of", name, ..] if let Some(month) = month_name(name) => {
                (month, Some(day_of_month(day)?), 3)
            }
            [day, name, ..]
                if let Some(month) = month_name(name)
                    && month_name(day).is_none() =>
            {
                (month, Some(day_of_month(day)?), 2)
            }
            [name, day, ..] if let Some(day) = day_of_month(day) => (month_name(name)?, Some(day), 2),
            [name, ..] => (month_name(name)?, None, 1),
            [] => return None,
        };
        let unit = if day.is_some() { Unit::Day } else { Unit::Month };
        let day = day.unwrap_or(1);
        if let Some(year) = words.get(taken).and_then(|word| year(word)) {
            return dated(date(year, month, day)?, unit, taken + 1, true);
        }
        // 29 February is in few years.
        let recent =
            (0..8).filter_map(|ago| date(today.year() - ago, month, day)).find(|first| *first <= today)?;
        dated(recent, unit, taken, false)
    }
}

/// Parses a part of a year at the start of these words, and returns how many of them it spans: "Q2 2025", "the first half of
/// 2025", "summer of 2025".
pub(super) fn part_of_year(words: &[&str], today: NaiveDate) -> Option<(Period, usize)> {
    let ordinal = |word: &str| match word {
        "first" | "1st" => Some(1),
        "second" | "2nd" => Some(2),
        "third" | "3rd" => Some(3),
        "fourth" | "4th" => Some(4),
        _ => None,
    };
    let (months, number, taken) = match words {
        [count, "quarter", ..] => (3, ordinal(count)?, 2),
        [count, "half", "of", next, ..] if year(next).is_some() => (6, ordinal(count)?, 2),
        [name, "of", next, ..] | [name, next, ..]
            if let (Some(month), Some(year)) = (season(name), year(next)) =>
        {
            let first = NaiveDate::from_ymd_opt(year, month, 1)?;
            let last = first.checked_add_months(Months::new(3))?.pred_opt()?;
            return Some((Period { first, last }, if words[1] == "of" { 3 } else { 2 }));
        }
        [name, ..] => match name.as_bytes() {
            [b'q', digit @ b'1'..=b'4'] => (3, u32::from(digit - b'0'), 1),
            [b'h', digit @ b'1'..=b'2'] => (6, u32::from(digit - b'0'), 1),
            _ => return None,
        },
        [] => return None,
    };
    let of = usize::from(words.get(taken) == Some(&"of"));
    let named = words.get(taken + of).and_then(|word| year(word));
    let taken = if named.is_some() { taken + of + 1 } else { taken };
    let part = |year: i32| -> Option<Period> {
        let first = NaiveDate::from_ymd_opt(year, (number - 1).checked_mul(months)? + 1, 1)?;
        Period::until(first.checked_add_months(Months::new(months))?.pred_opt()?, first)
    };
    let this = part(named.unwrap_or(today.year()))?;
    // Without a year, the most recent one that has begun.
    let period = if named.is_none() && this.first > today { part(today.year() - 1)? } else { this };
    Some((period, taken))
}

/// Returns the month in which a season begins.
pub(super) fn season(name: &str) -> Option<u32> {
    match name {
        "spring" => Some(3),
        "summer" => Some(6),
        "autumn" | "fall" => Some(9),
        "winter" => Some(12),
        _ => None,
    }
}
