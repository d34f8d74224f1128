//! Queries that ask for a time, and memories that state one.

use super::dates::month_name;
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

/// Returns whether a query asks when something happened, or for how long.
pub(super) fn asks_for_a_time(query: &str) -> bool {
    let words: Vec<String> = words(query).map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let measure =
        |word: &str| matches!(word, "date" | "day" | "days" | "week" | "month" | "year" | "time" | "weekday");
    words.first() == Some(&"when")
        || words.windows(2).any(|pair| match pair {
            [before, "when"] => {
                matches!(*before, "since" | "until" | "by" | "and" | "know" | "remember" | "me")
            }
            ["how", "long" | "often" | "recently" | "soon"] => true,
            ["what" | "which", word] => measure(word),
            _ => false,
        })
}

/// Returns whether a memory contains time words: a weekday, a month, a year, "yesterday", "last week", "two days ago".
pub(super) fn tells_a_time(text: &str) -> bool {
    let mut before = String::new();
    words(text).any(|word| {
        let lower = word.to_lowercase();
        let capital = word.starts_with(char::is_uppercase);
        let found = MOMENTS.contains(&lower.as_str())
            || (capital && (month_name(word).is_some() || is_weekday(&lower)))
            || is_year(word)
            || (SPANS.contains(&lower.as_str())
                && (BEFORE_SPANS.contains(&before.as_str())
                    || before.bytes().all(|byte| byte.is_ascii_digit())));
        before = lower;
        found
    })
}

/// Matches "monday" and "mondays".
fn is_weekday(lower: &str) -> bool {
    let day = lower.strip_suffix('s').unwrap_or(lower);
    matches!(day, "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday" | "sunday")
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
            assert!(asks_for_a_time(query), "{query}");
        }
        for query in ["What happened when the disk was full?", "who owns billing", "how many days"] {
            assert!(!asks_for_a_time(query), "{query}");
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
            assert!(tells_a_time(text), "{text}");
        }
        for text in ["She may march", "I like tea", "a year like no other", "call 4711", "friday app", ""] {
            assert!(!tells_a_time(text), "{text}");
        }
    }
}
