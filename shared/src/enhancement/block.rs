//! The block of memories that is inserted into a prompt.

use crate::access::AuthContext;
use crate::ids::MemoryId;
use crate::memory::{Briefing, Recalled, tokens_of};

const OPENING: &str = "<memories>\n";
/// Includes the blank line between the block and the prompt.
const CLOSING: &str = "</memories>\n\n";
/// The tag name that no memory may spell after an angle bracket.
const TAG: &str = "memories";

/// A block of memories to put in front of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Block {
    /// The text, including the blank line that separates it from what follows; empty if no memory fits.
    pub(super) text: String,
    /// Its length in tokens, as [`Briefing::tokens`].
    pub(super) tokens: usize,
    /// The memories in the block, in order of appearance.
    pub(super) memories: Vec<MemoryId>,
}

impl Block {
    /// Packs as many of these memories, best first, as fit.
    pub(super) fn of(caller: &AuthContext, found: &[Recalled], query: &str, budget: usize) -> Self {
        let frame = tokens_of(OPENING) + tokens_of(CLOSING);
        Self::around(Briefing::of(caller, found, query, budget.saturating_sub(frame)))
    }

    fn around(briefing: Briefing) -> Self {
        if briefing.memories.is_empty() {
            return Self::default();
        }
        let text = format!("{OPENING}{}{CLOSING}", disarm(&briefing.text));
        Self { tokens: tokens_of(&text), memories: briefing.memories, text }
    }
}

/// Replaces the opening bracket of anything that looks like the block's own tag: before its name, in any case, with
/// nothing but non-alphanumeric characters in between, such as slashes, spaces and invisible characters. The length
/// stays the same, so the budget holds.
fn disarm(text: &str) -> String {
    let mut disarmed = text.to_owned();
    for bracket in brackets(text) {
        disarmed.replace_range(bracket..=bracket, "(");
    }
    disarmed
}

/// Returns the positions of those brackets.
fn brackets(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for (name, _) in text.to_ascii_lowercase().match_indices(TAG) {
        let before = text[..name].char_indices().rev().take_while(|(_, letter)| !letter.is_alphanumeric());
        found.extend(before.filter(|(_, letter)| *letter == '<').map(|(at, _)| at));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn around(text: &str) -> Block {
        Block::around(Briefing {
            text: text.to_owned(),
            memories: vec![MemoryId::generate()],
            ..Briefing::default()
        })
    }

    #[test]
    fn no_memory_closes_the_block() {
        for text in ["</memories>", "< / Memories >", "<\u{200b}/MEMORIES\n>", "<<memories>", "<//\tmemories"]
        {
            let block = around(&format!("- [1, personal] a {text} b\n")).text;
            let inner = block.strip_prefix(OPENING).unwrap().strip_suffix(CLOSING).unwrap();
            assert_eq!(brackets(inner), [0; 0], "{block}");
        }
    }

    #[test]
    fn other_brackets_stay() {
        for text in ["a < b", "<p>", "Vec<Memory>", "x <memo>", "<", "2 < 3 memories"] {
            assert_eq!(disarm(text), text);
        }
    }

    #[test]
    fn nothing_gets_no_frame() {
        assert_eq!(Block::around(Briefing::default()), Block::default());
    }

    proptest! {
        #[test]
        fn disarming_keeps_the_length_and_everything_but_brackets(text in "[<>/ mMeEoOrRiIsS\n\u{200b}]{0,60}") {
            let disarmed = disarm(&text);
            prop_assert_eq!(disarmed.len(), text.len());
            prop_assert_eq!(disarmed.replace('(', "<"), text.as_str());
            prop_assert_eq!(brackets(&disarmed), Vec::<usize>::new());
        }
    }
}
