//! Words compared letter by letter, because their similarity is unknown or meaningless: words that the embedding's
//! vocabulary cannot spell (emoji, rare characters), words it only knows as single letters (most scripts except Latin),
//! and numbers. 17 is not almost 18.

use super::folded::folded;
use super::interaction::Match;
use super::tokens::MOST;
use crate::embedding::StaticEmbedder;

/// The match of a word that begins like the query's, in scripts whose words are inflected.
const INFLECTED: f32 = 0.9;
/// Minimum number of letters that two forms of a word have in common at the start.
const STEM: usize = 4;

/// The distinct literal words of a query, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Literals(Vec<String>);

impl Literals {
    /// Adds a word as produced by [`StaticEmbedder::for_each_word`].
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

    /// Extends a memory's token matches with whether its text contains each literal.
    pub(super) fn extend(&self, matched: Match, text: &str) -> Match {
        if self.0.is_empty() {
            return matched;
        }
        let (mut found, mut joined) = (vec![0.0_f32; self.0.len()], String::new());
        // Shortcut: iterating over the text's words takes longer. Digits have neither case nor accents to normalise.
        let is_number = |literal: &String| literal.bytes().all(|byte| byte.is_ascii_digit());
        if self.0.iter().all(|literal| is_number(literal) && !text.contains(literal.as_str())) {
            return matched.into_iter().chain(found).collect();
        }
        StaticEmbedder::new().for_each_word(&folded(text), MOST, |word, _| {
            if word.chars().any(stands_anywhere) {
                joined.push_str(word);
            } else {
                found
                    .iter_mut()
                    .zip(&self.0)
                    .for_each(|(found, literal)| *found = found.max(alike(literal, word)));
            }
        });
        let literal = self.0.iter().zip(found).map(|(literal, found)| {
            if literal.chars().any(stands_anywhere) && joined.contains(literal) { 1.0 } else { found }
        });
        matched.into_iter().chain(literal).collect()
    }
}

/// Returns how well a word of the text matches the query's: 1 if equal, less if it is another form in a non-Latin
/// script.
fn alike(literal: &str, word: &str) -> f32 {
    if literal == word {
        return 1.0;
    }
    let common = literal.chars().zip(word.chars()).take_while(|(one, other)| one == other).count();
    // Endings change, in words of any length.
    let ending = literal.chars().count().min(word.chars().count()) / 3;
    let inflected = !literal.is_ascii() && common >= STEM && common + ending >= literal.chars().count();
    if inflected { INFLECTED } else { 0.0 }
}

/// Returns whether a word is compared letter by letter. `pieces` is the number of tokens that spell it, if the
/// vocabulary can.
pub(super) fn is_literal(word: &str, pieces: Option<usize>) -> bool {
    match pieces {
        Some(_) if word.is_ascii() => word.bytes().all(|byte| byte.is_ascii_digit()),
        // Nearly one token per letter: such tokens occur in any word of that script.
        Some(pieces) => pieces > 1 && pieces * 4 >= word.chars().count() * 3,
        None => word.chars().any(|c| c.is_alphanumeric() || stands_anywhere(c)),
    }
}

/// Returns whether a character can be a word without spaces around it: scripts written without spaces, symbols and
/// emoji.
fn stands_anywhere(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}' | '\u{2190}'..='\u{2bff}'
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

    fn spelled(word: &str) -> bool {
        let mut literal = false;
        StaticEmbedder::new().for_each_word(word, MOST, |word, tokens| {
            literal |= is_literal(word, tokens.map(<[_]>::len));
        });
        literal
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
    fn what_is_spelled_letter_by_letter_is_compared_so() {
        for word in ["예산", "договор", "ميزانية", "προϋπολογισμός", "चेन्नई", "சென்னை"]
        {
            assert!(spelled(word), "{word}");
        }
        for word in ["budget", "café", "naïve", "Zürich"] {
            assert!(!spelled(word), "{word}");
        }
        let folded = |word: &str| {
            let mut words = Vec::new();
            StaticEmbedder::new().for_each_word(word, MOST, |word, _| words.push(word.to_owned()));
            words.concat()
        };
        for (word, text, there) in [
            ("예산", "마케팅 예산이 삭감되었다", true),
            ("예산", "마케팅 회의가 있다", false),
            ("договор", "Подписали договора вчера", true),
            ("договор", "Подписали документ вчера", false),
            ("договор", "разговор был вчера", false),
            ("சென்னை", "சென்னையில் அலுவலகம் உள்ளது", true),
        ] {
            assert_eq!(found(&[&folded(word)], text), [there], "{word} in {text}");
        }
    }

    #[test]
    fn punctuation_is_none() {
        assert!(is_literal("🎉", None) && is_literal("17", Some(1)) && is_literal("发", None));
        assert!(!is_literal("tea", Some(1)) && !is_literal("؟", None) && !is_literal("3rd", Some(1)));
    }
}
