//! Words that are compared letter by letter, because how alike two of them are is not known or says nothing: what the
//! vocabulary of the embedding cannot spell (emoji, rare characters, whole scripts), and numbers. 17 is not almost 18.

use super::interaction::Match;
use crate::embedding::StaticEmbedder;

/// The words of a query that are compared so, each once, in the order in which they came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Literals(Vec<String>);

impl Literals {
    /// Notes a word, as [`StaticEmbedder::for_each_word`] gives it out.
    pub(super) fn add(&mut self, word: &str) {
        if !self.0.iter().any(|known| known == word) {
            self.0.push(word.to_owned());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, most: usize) {
        self.0.truncate(most);
    }

    /// Adds to what a memory's tokens match whether its text has each of them.
    pub(super) fn extend(&self, matched: Match, text: &str) -> Match {
        if self.0.is_empty() {
            return matched;
        }
        let (mut found, mut joined) = (vec![false; self.0.len()], String::new());
        // Going through its words takes longer. Digits have neither case nor accents that those are rid of.
        let is_number = |literal: &String| literal.bytes().all(|byte| byte.is_ascii_digit());
        if self.0.iter().all(|literal| is_number(literal) && !text.contains(literal.as_str())) {
            return matched.into_iter().chain(found.iter().map(|_| 0.0)).collect();
        }
        StaticEmbedder::new().for_each_word(text, |word, _| {
            if word.chars().any(stands_anywhere) {
                joined.push_str(word);
            } else {
                found.iter_mut().zip(&self.0).for_each(|(found, literal)| *found |= literal == word);
            }
        });
        let literal = self.0.iter().zip(found).map(|(literal, found)| {
            let found = found || (literal.chars().any(stands_anywhere) && joined.contains(literal));
            if found { 1.0 } else { 0.0 }
        });
        matched.into_iter().chain(literal).collect()
    }
}

/// Whether a word is compared letter by letter: `known` says if the vocabulary can spell it.
pub(super) fn is_literal(word: &str, known: bool) -> bool {
    if known {
        // A year is a date, which memories have without spelling it.
        let is_year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
        return word.bytes().all(|byte| byte.is_ascii_digit()) && !is_year;
    }
    word.chars().any(|c| c.is_alphanumeric() || stands_anywhere(c))
}

/// Whether a character needs no space around to stand for something: the scripts that write none, signs and emoji.
fn stands_anywhere(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2190}'..='\u{2bff}'
        | '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{1f000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<bool> {
        let mut literals = Literals::default();
        words.iter().for_each(|word| literals.add(word));
        literals.extend(Box::default(), text).iter().map(|found| *found > 0.0).collect()
    }

    #[test]
    fn words_are_found_whole_and_signs_anywhere() {
        assert_eq!(found(&["17", "170"], "Invoice 17 is paid"), [true, false]);
        assert_eq!(found(&["123"], "OPS-1234"), [false]);
        assert_eq!(found(&["123"], "OPS-123, they say"), [true]);
        assert_eq!(found(&["🎉", "🚀"], "Done!🎉🎉"), [true, false]);
        assert_eq!(found(&["กาแฟ"], "ฉันชอบกาแฟทุกวัน"), [true]);
        assert_eq!(found(&["ᐃᓄᒃ"], "ᐃᓄᒃᑎᑐᑦ"), [false], "a script with spaces");
    }

    #[test]
    fn punctuation_is_none() {
        assert!(is_literal("🎉", false) && is_literal("17", true) && is_literal("发", false));
        assert!(!is_literal("tea", true) && !is_literal("؟", false) && !is_literal("3rd", true));
    }
}
