//! Folds variant letter forms: ligatures, full-width and half-width forms, and the German sharp s. The text arm does
//! the same (`mem0.folded`); the embedding's reference tokenizer does not.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfkc_quick};

/// Folds a text to the common letter forms.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || (is_nfkc_quick(text.chars()) == IsNormalized::Yes && !text.contains('ß')) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfkc().collect::<String>().replace('ß', "ss"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_letters_are_folded() {
        for (text, expected) in [
            ("oﬃce ﬂuid", "office fluid"),
            ("ＡＢＣ１２３", "ABC123"),
            ("ｻｰﾊﾞｰ", "サーバー"),
            ("Straße", "Strasse"),
            ("plain, naïve", "plain, naïve"),
        ] {
            assert_eq!(folded(text), expected);
        }
    }
}
