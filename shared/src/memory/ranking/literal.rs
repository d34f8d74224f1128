//! Words compared letter by letter, because their similarity is unknown or meaningless: numbers, words of letters and
//! digits (`k8s`), names of months and weekdays, words that the embedding's vocabulary cannot spell (emoji, rare
//! characters), and words it only knows as single letters (most scripts except Latin). 17 is not almost 18, and October is
//! not almost June.

use std::borrow::Cow;

use super::folded::folded;
use super::interaction::Match;
use super::numbers;
use super::tokens::MOST;
use crate::embedding::StaticEmbedder;

/// The match of a word that begins like the query's, in scripts whose words are inflected.
const INFLECTED: f32 = 0.9;
/// Minimum number of letters that two forms of a word have in common at the start.
const STEM: usize = 4;
/// Characters in one piece of a run of a script without spaces, and from the start of one piece to the next.
const PIECE: usize = 3;
const STEP: usize = 2;

/// The distinct literals of a query, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Literals {
    numbers: Vec<String>,
    words: Vec<String>,
}

impl Literals {
    /// Takes the numbers out of a query, and returns them with what is left.
    pub(super) fn taken_from(query: &str) -> (Self, Cow<'_, str>) {
        let mut literals = Self::default();
        let mut rest = Cow::Borrowed(query);
        for place in numbers::places(query) {
            rest.to_mut().replace_range(place.clone(), &" ".repeat(place.len()));
            let number = numbers::plain(&query[place]);
            if !literals.numbers.iter().any(|known| *known == number) {
                literals.numbers.push(number.into_owned());
            }
        }
        (literals, rest)
    }

    /// Adds a word as produced by [`StaticEmbedder::for_each_word`].
    pub(super) fn add(&mut self, word: &str) {
        let word = calendar_name(word).unwrap_or(word);
        if !word.chars().all(has_no_spaces) {
            self.add_piece(word.to_owned());
            return;
        }
        // A whole question may be one such run.
        let characters: Vec<char> = word.chars().collect();
        let last = characters.len().saturating_sub(PIECE);
        for start in (0..last).step_by(STEP).chain([last]) {
            self.add_piece(characters[start..(start + PIECE).min(characters.len())].iter().collect());
        }
    }

    fn add_piece(&mut self, word: String) {
        if !self.words.contains(&word) {
            self.words.push(word);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len() + self.words.len()
    }

    pub(super) fn truncate(&mut self, most: usize) {
        self.numbers.truncate(most);
        self.words.truncate(most - self.numbers.len());
    }

    /// Extends a memory's token matches with whether its text contains each literal.
    pub(super) fn extend(&self, matched: Match, text: &str) -> Match {
        if self.len() == 0 {
            return matched;
        }
        let text = &*folded(text);
        matched.into_iter().chain(self.numbers_in(text)).chain(self.words_in(text)).collect()
    }

    fn numbers_in(&self, text: &str) -> Vec<f32> {
        let mut found = vec![0.0; self.numbers.len()];
        if !found.is_empty() {
            for place in numbers::places(text) {
                let number = numbers::plain(&text[place]);
                for (found, _) in
                    found.iter_mut().zip(&self.numbers).filter(|(_, literal)| **literal == number)
                {
                    *found = 1.0;
                }
            }
        }
        found
    }

    fn words_in(&self, text: &str) -> Vec<f32> {
        let mut found = vec![0.0_f32; self.words.len()];
        // Iterating over the text's words takes longer.
        if !self.words.iter().any(|literal| may_contain(text, literal)) {
            return found;
        }
        let mut joined = String::new();
        StaticEmbedder::new().for_each_word(text, MOST, |word, _| {
            if word.chars().any(stands_anywhere) {
                joined.push_str(word);
            } else {
                let word = calendar_name(word).unwrap_or(word);
                for (found, literal) in found.iter_mut().zip(&self.words) {
                    *found = found.max(alike(literal, word));
                }
            }
        });
        for (found, literal) in found.iter_mut().zip(&self.words) {
            if literal.chars().any(stands_anywhere) && joined.contains(literal) {
                *found = 1.0;
            }
        }
        found
    }
}

/// Returns whether a text may contain a literal: whether its first letters are somewhere. Only where neither has accents or
/// letters of which the text's words are made without.
fn may_contain(text: &str, literal: &str) -> bool {
    if !literal.is_ascii() || !text.is_ascii() {
        return true;
    }
    let start = &literal.as_bytes()[..literal.len().min(3)];
    text.as_bytes().windows(start.len()).any(|letters| letters.eq_ignore_ascii_case(start))
}

/// Returns the name of a month or weekday that a word in lower case means; "may" and "march" mostly mean something else.
fn calendar_name(word: &str) -> Option<&'static str> {
    Some(match word {
        "january" | "jan" => "january",
        "february" | "feb" => "february",
        "april" | "apr" => "april",
        "june" | "jun" => "june",
        "july" | "jul" => "july",
        "august" | "aug" => "august",
        "september" | "sep" | "sept" => "september",
        "october" | "oct" => "october",
        "november" | "nov" => "november",
        "december" | "dec" => "december",
        "monday" | "mondays" => "monday",
        "tuesday" | "tuesdays" | "tues" => "tuesday",
        "wednesday" | "wednesdays" => "wednesday",
        "thursday" | "thursdays" | "thurs" => "thursday",
        "friday" | "fridays" => "friday",
        "saturday" | "saturdays" => "saturday",
        "sunday" | "sundays" => "sunday",
        _ => return None,
    })
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
        Some(pieces) if word.is_ascii() => {
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            digits == word.len() || (digits > 0 && pieces > 1) || calendar_name(word).is_some()
        }
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

/// Returns whether a character is of a script written without spaces whose characters say little by themselves.
fn has_no_spaces(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<bool> {
        let mut literals = Literals::default();
        for word in words {
            let (numbers, rest) = Literals::taken_from(word);
            literals.numbers.extend(numbers.numbers);
            if !rest.trim().is_empty() {
                literals.add(word);
            }
        }
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
        assert_eq!(found(&["1500", "500"], "a budget of 1,500 euros"), [true, false]);
        assert_eq!(found(&["7", "0.7"], "0.7 percent"), [false, true]);
        assert_eq!(found(&["tuesdays", "june"], "Fruit comes on Tuesday, in Oct"), [true, false]);
        assert_eq!(found(&["oct"], "The picnic is in October"), [true]);
        assert_eq!(found(&["กาแฟ"], "ฉันชอบกาแฟทุกวัน"), [true, true]);
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
        assert!(is_literal("k8s", Some(3)) && is_literal("fridays", Some(1)));
        assert!(!is_literal("tea", Some(1)) && !is_literal("؟", None) && !is_literal("3rd", Some(1)));
    }
}
