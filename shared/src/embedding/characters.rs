//! Splits text into words, exactly as the BERT normalizer and pre-tokenizer do: control characters dropped, accents
//! stripped, lower case, CJK characters and punctuation as words of their own.
//!
//! The treatment of a character never depends on its neighbours, so the table lists it per character (extracted from
//! the reference library when the table was built). Hangul syllables are decomposed arithmetically instead.

use std::iter::Peekable;
use std::str::Chars;

use super::static_table::{Action, StaticTable};

/// Yields the words of a text one at a time, reusing one buffer.
pub(super) struct Words<'a> {
    table: &'static StaticTable,
    characters: Peekable<Chars<'a>>,
    word: String,
}

impl<'a> Words<'a> {
    pub(super) fn new(table: &'static StaticTable, text: &'a str) -> Self {
        Self { table, characters: text.chars().peekable(), word: String::new() }
    }

    /// Returns the next word, never empty; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Option<&str> {
        self.word.clear();
        while let Some(&character) = self.characters.peek() {
            let action = action(self.table, character);
            let alone = matches!(action, Action::Isolate | Action::IsolateReplacement(_));
            if alone && !self.word.is_empty() {
                break;
            }
            self.characters.next();
            match action {
                Action::Keep => push(&mut self.word, character),
                Action::Replace(replacement) => self.word.push_str(replacement),
                Action::Isolate => self.word.push(character),
                Action::IsolateReplacement(replacement) => self.word.push_str(replacement),
                Action::Drop => {}
                Action::Space if self.word.is_empty() => {}
                Action::Space => break,
            }
            if alone {
                break;
            }
        }
        if self.word.is_empty() { None } else { Some(&self.word) }
    }
}

/// Avoids the table search for the most common characters.
fn action(table: &StaticTable, character: char) -> Action {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '가'..='힣' => Action::Keep,
        ' ' => Action::Space,
        other => table.action(other),
    }
}

/// Appends a character that is part of a word: ASCII in lower case, Hangul decomposed.
fn push(word: &mut String, character: char) {
    match character {
        '가'..='힣' => push_jamo(word, character),
        other => word.push(other.to_ascii_lowercase()),
    }
}

/// Decomposes a syllable into a leading consonant, a vowel and an optional trailing consonant (The Unicode Standard,
/// section 3.12).
fn push_jamo(word: &mut String, syllable: char) {
    const VOWELS: u32 = 21;
    const TRAILING: u32 = 28; // "none" included
    let index = u32::from(syllable) - u32::from('가');
    let leading = 0x1100 + index / (VOWELS * TRAILING);
    let vowel = 0x1161 + index % (VOWELS * TRAILING) / TRAILING;
    let trailing = index % TRAILING;
    word.extend(char::from_u32(leading));
    word.extend(char::from_u32(vowel));
    if trailing > 0 {
        word.extend(char::from_u32(0x11A7 + trailing));
    }
}

#[cfg(test)]
mod tests {
    use super::super::static_table::TABLE;
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Words::new(&TABLE, text);
        std::iter::from_fn(|| words.next().map(str::to_owned)).collect()
    }

    #[test]
    fn accents_and_case_disappear() {
        assert_eq!(words("Éclair NAÏVE İstanbul e\u{301}"), ["eclair", "naive", "istanbul", "e"]);
    }

    #[test]
    fn punctuation_and_cjk_stand_alone() {
        assert_eq!(words("don't 東京x"), ["don", "'", "t", "東", "京", "x"]);
    }

    #[test]
    fn control_characters_disappear_without_splitting() {
        assert_eq!(words("a\0b\u{200b}c\td"), ["abc", "d"]);
        assert_eq!(words("\0\u{7}\u{feff}"), Vec::<String>::new());
    }

    #[test]
    fn hangul_is_taken_apart() {
        assert_eq!(words("각힣"), ["\u{1100}\u{1161}\u{11a8}\u{1112}\u{1175}\u{11c2}"]);
    }
}
