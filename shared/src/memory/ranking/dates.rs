//! Dates named in a query: "in May", "on 3 June 2024", "10.05.2026".

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use super::period::Period;
use super::words::words;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Words after which "may" is not a verb.
const BEFORE_TIMES: [&str; 11] =
    ["in", "since", "until", "till", "last", "this", "next", "during", "early", "late", "mid"];

/// The weight of a month, a day and a year. A year alone mostly refers to everything that happened in it.
const MONTH: f32 = 1.0;
const DAY: f32 = 1.0;
const YEAR: f32 = 0.5;

/// The parts of dates named in a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Dates {
    months: Vec<u32>,
    days: Vec<u32>,
    years: Vec<i32>,
}

impl Dates {
    /// Collects the dates named in a text.
    pub(super) fn named_in(text: &str) -> Self {
        let words: Vec<&str> = words(text).collect();
        let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let mut dates = Self::default();
        let mut index = 0;
        while index < words.len() {
            // "Before" or "after" a date does not mean on it.
            if let Some((_, taken)) = Period::bounded(&lower[index..], NaiveDate::default()) {
                index += taken;
                continue;
            }
            if let Some((year, month, day)) = iso(&words[index..]) {
                dates.years.push(year);
                dates.months.push(month);
                dates.days.push(day);
                index += 3;
                continue;
            }
            if let Some(month) = month(&words, index) {
                dates.months.push(month);
                dates.days.extend(day_beside(&words, index));
            }
            dates.years.extend(year(words[index]));
            index += 1;
        }
        for word in text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())) {
            if let Some((one, other, year)) = numeric(word) {
                dates.add_numeric(one, other, year);
            }
            // Matches 2026-09.
            let month = word.split_once('-').filter(|(first, _)| year(first).is_some());
            dates.months.extend(month.and_then(|(_, month)| two_digits(month, 12)));
        }
        dates
    }

    /// Day and month come in either order, depending on the writer: an ambiguous date counts as both.
    fn add_numeric(&mut self, one: u32, other: u32, year: i32) {
        for (month, day) in [(one, other), (other, one)] {
            if month <= 12 && !self.months.contains(&month) {
                self.months.push(month);
                self.days.push(day);
            }
        }
        if !self.years.contains(&year) {
            self.years.push(year);
        }
    }

    /// Returns the share of the named parts that a moment matches, 0 to 1; 0 if none are named.
    pub(super) fn share(&self, at: DateTime<Utc>) -> f32 {
        let month = self.months.contains(&at.month());
        // The same day of another month is no match at all.
        let day = self.days.contains(&at.day()) && (month || self.months.is_empty());
        let parts = [
            (MONTH, self.months.is_empty(), month),
            (DAY, self.days.is_empty(), day),
            (YEAR, self.years.is_empty(), self.years.contains(&at.year())),
        ];
        let (mut has, mut named) = (0.0, 0.0);
        for (weight, absent, same) in parts {
            named += if absent { 0.0 } else { weight };
            has += if same { weight } else { 0.0 };
        }
        if named > 0.0 { has / named } else { 0.0 }
    }
}

/// Returns the number of the month that a word names.
pub(super) fn month_name(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    let number = MONTHS.iter().position(|month| {
        *month == word || (month.starts_with(&word) && (word.len() == 3 || word == "sept") && *month != "may")
    });
    number.and_then(|number| u32::try_from(number + 1).ok())
}

/// "may" and "march" are also ordinary words: they count only if capitalised (and not just as the first word), next to
/// a day, or where only a time can stand.
fn month(words: &[&str], index: usize) -> Option<u32> {
    let word = words[index];
    let month = month_name(word)?;
    let ambiguous = matches!(word.to_lowercase().as_str(), "may" | "march" | "mar");
    let a_name = word.starts_with(char::is_uppercase) && (index > 0 || dated(words, index));
    let a_time = index > 0 && BEFORE_TIMES.contains(&words[index - 1].to_lowercase().as_str());
    (!ambiguous || a_name || a_time || day_beside(words, index).is_some()).then_some(month)
}

fn dated(words: &[&str], index: usize) -> bool {
    words.get(index + 1).is_some_and(|next| year(next).is_some() || day_of_month(next).is_some())
}

/// Matches "3 June", "3rd of June", "June 3".
fn day_beside(words: &[&str], month: usize) -> Option<u32> {
    let before = |steps: usize| month.checked_sub(steps).and_then(|at| words.get(at)).copied();
    let of = before(1).is_some_and(|word| word.eq_ignore_ascii_case("of"));
    before(if of { 2 } else { 1 })
        .and_then(day_of_month)
        .or_else(|| words.get(month + 1).copied().and_then(day_of_month))
}

/// Matches "3" and "3rd".
pub(super) fn day_of_month(word: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

pub(super) fn year(word: &str) -> Option<i32> {
    (word.len() == 4).then(|| word.parse().ok()).flatten().filter(|year| (1900..2100).contains(year))
}

/// Parses 2024-06-03.
fn iso(words: &[&str]) -> Option<(i32, u32, u32)> {
    let [first, second, third, ..] = words else { return None };
    Some((year(first)?, two_digits(second, 12)?, two_digits(third, 31)?))
}

pub(super) fn two_digits(word: &str, most: u32) -> Option<u32> {
    (word.len() == 2).then(|| word.parse().ok()).flatten().filter(|number| (1..=most).contains(number))
}

/// Parses 10.05.2026 and 10/5/2026: day and month in either order, then the year.
fn numeric(word: &str) -> Option<(u32, u32, i32)> {
    let mut parts = ['.', '/', '-'].into_iter().map(|sign| word.split(sign).collect::<Vec<_>>());
    let parts = parts.find(|parts| parts.len() == 3)?;
    let (one, other) = (day_of_month(parts[0])?, day_of_month(parts[1])?);
    (one.min(other) <= 12).then_some((one, other, year(parts[2])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(months: &[u32], days: &[u32], years: &[i32]) -> Dates {
        Dates { months: months.to_vec(), days: days.to_vec(), years: years.to_vec() }
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        for (text, expected) in [
            ("What happened on 3 June 2024?", dates(&[6], &[3], &[2024])),
            ("the 3rd of June", dates(&[6], &[3], &[])),
            ("June 3rd, 2024", dates(&[6], &[3], &[2024])),
            ("on 2024-05-01 and in Sept", dates(&[5, 9], &[1], &[2024])),
            ("what changed in 2026-09?", dates(&[9], &[], &[2026])),
            ("before 2026, since May 2025 and in Q3 2024", dates(&[], &[], &[])),
            ("What did we decide in May?", dates(&[5], &[], &[])),
            ("in March 2023", dates(&[3], &[], &[2023])),
            ("march 3", dates(&[3], &[3], &[])),
            ("May we march? Ports 3000 and 12", dates(&[], &[], &[])),
            ("May 2024 figures", dates(&[5], &[], &[2024])),
            ("what happened in may", dates(&[5], &[], &[])),
            ("the release last march, and not in mar", dates(&[3, 3], &[], &[])),
            ("they may march, may they?", dates(&[], &[], &[])),
            ("due 31.05.2026.", dates(&[5], &[31], &[2026])),
            ("(5/31/2026)", dates(&[5], &[31], &[2026])),
            ("on 10-05-2026", dates(&[10, 5], &[5, 10], &[2026])),
            ("version 1.2.3, and 40.50.2026", dates(&[], &[], &[2026])),
            ("decent janitors", dates(&[], &[], &[])),
        ] {
            assert_eq!(Dates::named_in(text), expected, "{text}");
        }
    }

    #[test]
    fn a_moment_has_a_share_of_what_is_named() {
        let at = "2024-06-03T10:00:00Z".parse().unwrap();
        let share = |text: &str| Dates::named_in(text).share(at);
        assert_eq!(share("on 3 June 2024"), 1.0);
        assert_eq!(share("on 4 June 2024"), 0.6);
        assert_eq!(share("in 2024"), 1.0);
        assert_eq!(share("in May 2024"), 0.5 / 1.5);
        assert_eq!(share("no date"), 0.0);
    }
}
