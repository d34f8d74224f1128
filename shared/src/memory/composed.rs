//! Names in the composed form of Unicode (NFC). Keyboards and file systems write “ë” as one character or as two; whoever
//! reads the name sees no difference, so it is one name.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use super::Labels;

/// Returns a name in its composed form.
pub(super) fn composed(name: &str) -> Cow<'_, str> {
    match is_nfc_quick(name.chars()) {
        IsNormalized::Yes => Cow::Borrowed(name),
        _ => Cow::Owned(name.nfc().collect()),
    }
}

/// Brings a name into its composed form.
pub(super) fn compose(name: &mut String) {
    if let Cow::Owned(composed) = composed(name) {
        *name = composed;
    }
}

impl Labels {
    /// Brings the labels into their composed form.
    pub(super) fn compose(&mut self) {
        let Self { user, agent, app, run } = self;
        [user, agent, app, run].into_iter().flatten().for_each(compose);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        assert_eq!(composed("Zoe\u{308}"), "Zo\u{eb}");
        assert_eq!(composed("\u{1112}\u{1161}\u{11ab}"), "\u{d55c}");
        // Only what looks the same: “ﬁ” and “fi” stay two names.
        for same in ["Zo\u{eb}", "ada", "\u{fb01}", "", "🦊"] {
            assert!(matches!(composed(same), Cow::Borrowed(name) if name == same));
        }
        let mut labels = Labels { run: Some("cafe\u{301}".to_owned()), ..Labels::default() };
        labels.compose();
        assert_eq!(labels.run.as_deref(), Some("caf\u{e9}"));
    }
}
