//! Units of time in words, and how to count with them.

use chrono::{Datelike as _, Days, Months, NaiveDate, Weekday};

/// A named length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Week,
    Weekend,
    Month,
    Quarter,
    Year,
}

impl Unit {
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word.strip_suffix('s').unwrap_or(word) {
            "day" => Self::Day,
            "week" => Self::Week,
            "weekend" => Self::Weekend,
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "year" => Self::Year,
            _ => return None,
        })
    }
}

pub(super) fn number(word: &str) -> Option<u32> {
    let named = match word {
        "a" | "an" | "one" => 1,
        "two" | "couple" => 2,
        "three" | "few" => 3,
        "four" | "several" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" => 12,
        _ => return word.parse().ok().filter(|number| *number <= 1000),
    };
    Some(named)
}

pub(super) fn back(day: NaiveDate, days: u64) -> Option<NaiveDate> {
    day.checked_sub_days(Days::new(days))
}

pub(super) fn before(today: NaiveDate, count: u32, unit: Unit) -> Option<NaiveDate> {
    match unit {
        Unit::Day => back(today, u64::from(count)),
        Unit::Week | Unit::Weekend => back(today, u64::from(count) * 7),
        Unit::Month => today.checked_sub_months(Months::new(count)),
        Unit::Quarter => today.checked_sub_months(Months::new(count * 3)),
        Unit::Year => today.checked_sub_months(Months::new(count * 12)),
    }
}

pub(super) fn after(today: NaiveDate, unit: Unit) -> Option<NaiveDate> {
    match unit {
        Unit::Day => today.checked_add_days(Days::new(1)),
        Unit::Week | Unit::Weekend => today.checked_add_days(Days::new(7)),
        Unit::Month => today.checked_add_months(Months::new(1)),
        Unit::Quarter => today.checked_add_months(Months::new(3)),
        Unit::Year => today.checked_add_months(Months::new(12)),
    }
}

/// Returns the last day with that name: today, if allowed and it matches.
pub(super) fn weekday(today: NaiveDate, name: &str, today_too: bool) -> Option<NaiveDate> {
    let wanted: Weekday = name.parse().ok().filter(|_| name.len() > 3)?;
    let days = (7 + today.weekday().num_days_from_monday() - wanted.num_days_from_monday()) % 7;
    back(today, if days == 0 && !today_too { 7 } else { u64::from(days) })
}
