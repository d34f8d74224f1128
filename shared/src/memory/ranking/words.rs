//! The words of a text, for the signals that look at single words.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that say nothing about the subject of a text: PostgreSQL's English stop list, as the text arm uses it, and the
/// remains of contractions.
static STOP_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    "i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it \
     its itself they them their theirs themselves what which who whom this that these those am is are was were be been \
     being have has had having do does did doing a an the and but if or because as until while of at by for with about \
     against between into through during before after above below to from up down in out on off over under again \
     further then once here there when where why how all any both each few more most other some such no nor not only \
     own same so than too very s t can will just don should now d ll m re ve"
        .split_whitespace()
        .collect()
});

/// Verbs and nouns that nearly any question may contain.
const LIGHT_WORDS: [&str; 24] = [
    "take",
    "takes",
    "took",
    "taken",
    "get",
    "gets",
    "got",
    "getting",
    "go",
    "goes",
    "going",
    "went",
    "make",
    "makes",
    "made",
    "happen",
    "happens",
    "happened",
    "want",
    "need",
    "thing",
    "things",
    "something",
    "still",
];
/// Words of relative times.
const TIME_WORDS: [&str; 18] = [
    "last", "past", "this", "next", "previous", "ago", "since", "recently", "lately", "day", "days", "week",
    "weeks", "weekend", "month", "months", "year", "years",
];

/// Returns whether a lower-case word says little about the subject of a query.
pub(super) fn is_light(word: &str) -> bool {
    LIGHT_WORDS.contains(&word)
}

/// Returns whether a lower-case word is part of a relative time: "last week".
pub(super) fn is_time_word(word: &str) -> bool {
    TIME_WORDS.contains(&word)
}

/// Returns whether a lower-case word is a stop word.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(word)
}

/// Splits a text into runs of letters and digits, unchanged.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_and_digits() {
        let found: Vec<_> = words("Ada's 3rd cup, 緑茶 -- 2024-06-03").collect();
        assert_eq!(found, ["Ada", "s", "3rd", "cup", "緑茶", "2024", "06", "03"]);
        assert!(is_stop_word("the") && is_stop_word("s") && !is_stop_word("tea"));
    }
}
