//! Splits words into tokens: WordPiece, longest match first.
//!
//! Produces the same ids as the reference tokenizer; `table/tokenizer-cases.json` holds about a hundred texts with the
//! ids it produces.

use super::characters::Words;
use super::static_table::{Hash, LONGEST_TOKEN, StaticTable, TokenId};

/// Maximum length of a word in characters; longer words are unknown as a whole, as in the reference.
const LONGEST_WORD: usize = 100;
const CONTINUATION: &[u8] = b"##";

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Known(TokenId),
    /// A whole word that cannot be composed from the vocabulary; `[UNK]` in the reference.
    Unknown,
}

/// Calls `visit` with the first `limit` pieces of a text, in order.
pub(super) fn for_each_piece(
    table: &'static StaticTable,
    text: &str,
    limit: usize,
    mut visit: impl FnMut(Piece),
) {
    for_each_word(table, text, limit, |_, pieces| match pieces {
        Some(pieces) => pieces.iter().for_each(|&token| visit(Piece::Known(token))),
        None => visit(Piece::Unknown),
    });
}

/// Calls `visit` with the words that contain the first `limit` pieces of a text, in order, each with its pieces, or
/// with `None` if it is [`Piece::Unknown`].
pub(super) fn for_each_word(
    table: &'static StaticTable,
    text: &str,
    limit: usize,
    mut visit: impl FnMut(&str, Option<&[TokenId]>),
) {
    let (mut words, mut pieces, mut left) = (Words::new(table, text), Vec::new(), limit);
    while left > 0
        && let Some(word) = words.next()
    {
        if split(table, word, &mut pieces) {
            visit(word, Some(&pieces[..pieces.len().min(left)]));
            left = left.saturating_sub(pieces.len());
        } else {
            visit(word, None);
            // Pieces found before the word turned out to be unknown cost as much time as any others.
            left = left.saturating_sub(pieces.len().max(1));
        }
    }
}

/// Fills `pieces` with the tokens of one word; returns false if it cannot be composed.
fn split(table: &StaticTable, word: &str, pieces: &mut Vec<TokenId>) -> bool {
    pieces.clear();
    if word.chars().nth(LONGEST_WORD).is_some() {
        return false;
    }
    let mut rest = word.as_bytes();
    while !rest.is_empty() {
        let prefix = if pieces.is_empty() { b"" } else { CONTINUATION };
        let Some((token, length)) = longest(table, prefix, rest) else { return false };
        pieces.push(token);
        rest = &rest[length..];
    }
    true
}

/// Returns the longest token that `rest` begins with, and how many bytes of `rest` it covers.
fn longest(table: &StaticTable, prefix: &'static [u8], rest: &[u8]) -> Option<(TokenId, usize)> {
    let reach = rest.len().min(table.longest_token().saturating_sub(prefix.len()));
    let mut hash = prefix.iter().fold(Hash::new(), |hash, &byte| hash.with(byte));
    // Hash all prefixes in one pass, then look up from the longest down: most words are single tokens.
    let mut hashes = [hash; LONGEST_TOKEN];
    for (kept, &byte) in hashes.iter_mut().zip(&rest[..reach]) {
        hash = hash.with(byte);
        *kept = hash;
    }
    // Prefixes that end inside a character match nothing, because the vocabulary contains only whole characters.
    (1..=reach).rev().find_map(|length| {
        let token = table.lookup(hashes[length - 1], prefix, &rest[..length])?;
        Some((token, length))
    })
}

#[cfg(test)]
mod tests {
    use super::super::static_table::TABLE;
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
        ids: Vec<u16>,
    }

    const UNKNOWN: u16 = 0;

    fn ids(text: &str, limit: usize) -> Vec<u16> {
        let mut ids = Vec::new();
        for_each_piece(&TABLE, text, limit, |piece| {
            ids.push(match piece {
                Piece::Known(token) => token.0,
                Piece::Unknown => UNKNOWN,
            });
        });
        ids
    }

    #[test]
    fn every_case_gets_the_ids_of_the_reference() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("table/tokenizer-cases.json")).unwrap();
        assert!(cases.len() > 300);
        for case in cases {
            assert_eq!(ids(&case.text, usize::MAX), case.ids, "{:?}", case.text);
        }
    }

    #[test]
    fn no_more_pieces_than_asked_for_are_visited() {
        let text = "unaffable 🎉 unaffable";
        let all = ids(text, usize::MAX);
        for limit in 0..=all.len() + 1 {
            assert_eq!(ids(text, limit), all[..limit.min(all.len())]);
        }
    }
}
