//! Queries that ask for a time, and memories that state one.

use super::dates::month_name;
use super::numbers;
use super::words::words;

const MOMENTS: [&str; 15] = [
    "yesterday",
    "today",
    "tonight",
    "tomorrow",
    "ago",
    "since",
    "recently",
    "lately",
    "day",
    "days",
    "night",
    "weekend",
    "o'clock",
    "noon",
    "midnight",
];
const SPANS: [&str; 12] = [
    "week",
    "weeks",
    "month",
    "months",
    "quarter",
    "year",
    "years",
    "morning",
    "afternoon",
    "evening",
    "summer",
    "winter",
];
const BEFORE_SPANS: [&str; 7] = ["last", "next", "this", "past", "every", "coming", "few"];
const UNITS: [&str; 9] = ["second", "minute", "hour", "day", "week", "fortnight", "month", "quarter", "year"];
const REPEATED: [&str; 10] = [
    "hourly",
    "daily",
    "nightly",
    "weekly",
    "fortnightly",
    "monthly",
    "quarterly",
    "yearly",
    "annually",
    "every",
];

/// What kind of time a query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// When something happened.
    Moment,
    /// How long it takes, or how often it happens.
    Duration,
}

impl Asked {
    /// Returns what kind of time a query asks for, if any.
    pub(super) fn by(query: &str) -> Option<Self> {
        let words: Vec<String> = words(query).map(str::to_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let measure = |word: &str| {
            matches!(word, "date" | "day" | "days" | "week" | "month" | "year" | "time" | "weekday")
        };
        if words.first() == Some(&"when") {
            return Some(Self::Moment);
        }
        words.windows(2).find_map(|pair| match pair {
            [before, "when"] => {
                matches!(*before, "since" | "until" | "by" | "and" | "know" | "remember" | "me")
                    .then_some(Self::Moment)
            }
            ["how", "long" | "often" | "fast" | "quickly"] => Some(Self::Duration),
            ["how", "recently" | "soon"] => Some(Self::Moment),
            ["what" | "which", word] => measure(word).then_some(Self::Moment),
            _ => None,
        })
    }

    /// Returns whether a memory states such a time.
    pub(super) fn told_in(self, text: &str) -> bool {
        match self {
            Self::Moment => tells_a_moment(text),
            Self::Duration => tells_a_duration(text),
        }
    }
}

/// Returns whether a memory contains a weekday, a month, a year, "yesterday", "last week", "two days ago", "9:30".
fn tells_a_moment(text: &str) -> bool {
    let mut before = "";
    words(text).any(|word| {
        let capital = word.starts_with(char::is_uppercase);
        let found = is_one_of(word, &MOMENTS)
            || (capital && (month_name(word).is_some() || is_weekday(word)))
            || is_year(word)
            || is_hour(word)
            || (is_one_of(word, &SPANS) && (is_one_of(before, &BEFORE_SPANS) || is_count(before)));
        before = word;
        found
    }) || has_clock_time(text)
}

/// Returns whether a memory contains "20 minutes", "two weeks", "daily", "since 2021".
fn tells_a_duration(text: &str) -> bool {
    let mut before = "";
    words(text).any(|word| {
        let unit = word.strip_suffix('s').unwrap_or(word);
        let counted = is_count(before) || matches!(before, "a" | "an" | "few" | "per" | "half");
        let found = is_one_of(word, &REPEATED)
            || (counted && is_one_of(unit, &UNITS))
            || (before.eq_ignore_ascii_case("since") && (is_year(word) || month_name(word).is_some()));
        before = word;
        found
    })
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|other| word.eq_ignore_ascii_case(other))
}

/// Matches "20" and "two".
fn is_count(word: &str) -> bool {
    const COUNTS: [&str; 13] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "several",
    ];
    (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())) || is_one_of(word, &COUNTS)
}

/// Matches "Monday" and "Mondays".
fn is_weekday(word: &str) -> bool {
    let day = word.strip_suffix('s').unwrap_or(word);
    is_one_of(day, &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
}

/// Matches "9am", and the minutes of "9:30PM".
fn is_hour(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let number = word.strip_suffix("am").or_else(|| word.strip_suffix("pm"));
    number.is_some_and(|number| number.parse::<u8>().is_ok_and(|number| number < 60))
}

/// Returns whether a text contains "9:30".
fn has_clock_time(text: &str) -> bool {
    numbers::places(text).any(|place| {
        let (hour, minute) = text[place].split_once(':').unwrap_or_default();
        minute.len() == 2 && hour.parse::<u8>().is_ok_and(|hour| hour < 24)
    })
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.parse::<u32>().is_ok_and(|year| (1900..2100).contains(&year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_for_a_time_are_known() {
        for query in [
            "When did she move?",
            "what day is the review",
            "how long is the freeze",
            "Since when do we use Rust?",
            "In which year was it founded",
        ] {
            assert!(Asked::by(query).is_some(), "{query}");
        }
        for query in ["What happened when the disk was full?", "who owns billing", "how many days"] {
            assert_eq!(Asked::by(query), None, "{query}");
        }
    }

    #[test]
    fn words_of_time_are_known() {
        for text in [
            "I moved last week",
            "two days ago",
            "on Friday",
            "deploys on Tuesdays",
            "In March we shipped",
            "since 2021",
            "5 years",
            "yesterday!",
        ] {
            assert!(Asked::Moment.told_in(text), "{text}");
        }
        for text in ["She may march", "I like tea", "a year like no other", "call 4711", "friday app", ""] {
            assert!(!Asked::Moment.told_in(text), "{text}");
        }
    }
    #[test]
    fn durations_answer_how_long() {
        assert_eq!(Asked::by("How long does the build run?"), Some(Asked::Duration));
        for text in
            ["It takes 11 minutes", "Sprints are two weeks long", "runs nightly", "an hour", "since 2021"]
        {
            assert!(Asked::Duration.told_in(text), "{text}");
        }
        for text in ["on Wednesdays", "Months of work were lost", "last year", "at 9:30", "since then"] {
            assert!(!Asked::Duration.told_in(text), "{text}");
        }
        for text in ["starts at 9:30", "from 9am", "at 9:30PM", "in two weeks"] {
            assert!(Asked::Moment.told_in(text), "{text}");
        }
        assert!(!Asked::Moment.told_in("Months of work were lost"));
    }
}
