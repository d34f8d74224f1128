//! Words and phrases as the rules compare them: lower case, without surrounding punctuation.

use super::words::VERBS;

/// A word and its position.
#[derive(Debug)]
pub(super) struct Word {
    /// Lower case, with straight apostrophes.
    pub lower: String,
    pub start: usize,
    pub end: usize,
}

/// Splits a sentence at whitespace and trims punctuation from both ends of each word. Punctuation alone is not a word.
pub(super) fn words(sentence: &str) -> Vec<Word> {
    let base = sentence.as_ptr() as usize;
    sentence
        .split_whitespace()
        .filter_map(|word| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            let start = word.as_ptr() as usize - base;
            let lower = word.to_lowercase().replace('’', "'");
            (!word.is_empty()).then(|| Word { lower, start, end: start + word.len() })
        })
        .collect()
}

/// Returns what follows `phrase` at the start of `text`, if the phrase occurs there as whole words, ignoring case.
pub(super) fn after<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for expected in phrase.chars() {
        let found = rest.next()?;
        let found = if found == '’' { '\'' } else { found };
        if found != expected && !found.to_lowercase().eq(std::iter::once(expected)) {
            return None;
        }
    }
    let rest = rest.as_str();
    let continues = rest.starts_with(|c: char| c.is_alphanumeric() || c == '\'' || c == '’' || c == '_');
    (!continues || phrase.ends_with(is_ideograph)).then_some(rest)
}

/// Returns what follows the longest of `phrases` at the start of `text`.
pub(super) fn after_any<'a>(text: &'a str, phrases: &[&str]) -> Option<&'a str> {
    phrases.iter().filter_map(|phrase| after(text, phrase)).min_by_key(|rest| rest.len())
}

pub(super) fn is_verb(word: &str) -> bool {
    let contracted = ["'s", "'re", "'ve", "'m", "'ll", "n't"].iter().any(|ending| word.ends_with(ending));
    contracted || VERBS.contains(&word) || word.len() > 4 && word.ends_with("ed")
}

/// Returns whether the character belongs to a script written without spaces.
pub(super) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{e00}'..='\u{e7f}' | '\u{20000}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_places() {
        let text = "«I’m» — über Köln!";
        let found: Vec<_> =
            words(text).into_iter().map(|word| (text[word.start..word.end].to_owned(), word.lower)).collect();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(found, [pair("I’m", "i'm"), pair("über", "über"), pair("Köln", "köln")]);
    }

    #[test]
    fn phrases_are_whole_words() {
        assert_eq!(after("Don’t forget that x", "don't forget that"), Some(" x"));
        assert_eq!(after("Hi, Bob", "hi"), Some(", Bob"));
        assert_eq!(after("History", "hi"), None);
        assert_eq!(after("谢谢你", "谢谢"), Some("你"));
        assert_eq!(after_any("remember that x", &["remember", "remember that"]), Some(" x"));
    }
}
