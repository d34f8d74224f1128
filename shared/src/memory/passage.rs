//! Passages: the part of a long text that matters to a query.

use std::collections::{HashMap, HashSet};

/// What stands for text that was left out.
pub(super) const GAP: &str = "[…]";
/// Words from this length on also match longer and shorter forms of themselves: `deploy`, `deployment`.
const STEM: usize = 4;
/// Maximum length of a piece in bytes, for scripts without spaces.
const MAX_PIECE: usize = 48;

/// Returns the part of a text that has the most words of the query and costs no more than `room`, with [`GAP`] where
/// something was left out. A word that occurs once counts for more than one that occurs everywhere.
pub(super) fn passage(text: &str, query: &str, room: usize, cost: impl Fn(&str) -> usize) -> String {
    let pieces = pieces(text);
    let costs: Vec<usize> = pieces.iter().map(|piece| cost(piece)).collect();
    let terms = matched(&pieces, query);
    let (mut first, mut last) = best(&costs, &terms, room);
    // Context on both sides.
    let mut left: usize = room.saturating_sub(costs[first..last].iter().sum());
    loop {
        let before = first.checked_sub(1).filter(|at| costs[*at] <= left);
        if let Some(at) = before {
            (first, left) = (at, left - costs[at]);
        }
        let after = Some(last).filter(|at| costs.get(*at).is_some_and(|cost| *cost <= left));
        if let Some(at) = after {
            (last, left) = (at + 1, left - costs[at]);
        }
        if before.is_none() && after.is_none() {
            break;
        }
    }
    let start = if first > 0 { format!("{GAP} ") } else { String::new() };
    let end = if last < pieces.len() { format!(" {GAP}") } else { String::new() };
    format!("{start}{}{end}", pieces[first..last].concat().trim())
}

/// Splits a text into words, each with the whitespace after it.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for mut word in text.split_inclusive(char::is_whitespace) {
        while word.len() > MAX_PIECE {
            let (piece, rest) = word.split_at(word.floor_char_boundary(MAX_PIECE));
            pieces.push(piece);
            word = rest;
        }
        pieces.push(word);
    }
    pieces
}

/// Returns for each piece the word of the query that it matches, and the weight of that word.
fn matched(pieces: &[&str], query: &str) -> Vec<Option<(usize, f32)>> {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    let mut asked = words(query);
    let mut seen = HashSet::new();
    asked.retain(|word| seen.insert(word.clone()));
    let matches = |word: &str, asked: &str| {
        let long = word.len().min(asked.len()) >= STEM;
        word == asked || long && (word.starts_with(asked) || asked.starts_with(word))
    };
    let found: Vec<Option<usize>> = pieces
        .iter()
        .map(|piece| {
            let words = words(piece);
            asked.iter().position(|asked| words.iter().any(|word| matches(word, asked)))
        })
        .collect();
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for term in found.iter().flatten() {
        *counts.entry(*term).or_default() += 1;
    }
    found.into_iter().map(|term| term.map(|term| (term, 1.0 / counts[&term] as f32))).collect()
}

/// Returns the shortest range of pieces that fits and has the words of the highest weight, each counted once; the first
/// piece if there are none.
fn best(costs: &[usize], terms: &[Option<(usize, f32)>], room: usize) -> (usize, usize) {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    let (mut first, mut spent, mut weight) = (0, 0, 0.0);
    let (mut range, mut most) = ((0, 0), 0.0);
    for (last, term) in terms.iter().enumerate() {
        spent += costs[last];
        if let Some((term, value)) = term {
            let count = counts.entry(*term).or_default();
            *count += 1;
            weight += if *count == 1 { *value } else { 0.0 };
        }
        // Drop what does not fit, and what adds nothing at the beginning.
        while first <= last {
            let needless = match terms[first] {
                None => first < last,
                Some((term, _)) => counts[&term] > 1,
            };
            if spent <= room && !needless {
                break;
            }
            if let Some((term, value)) = terms[first]
                && let Some(count) = counts.get_mut(&term)
            {
                *count -= 1;
                weight -= if *count == 0 { value } else { 0.0 };
            }
            spent -= costs[first];
            first += 1;
        }
        if term.is_some() && weight > most + 1e-6 {
            (range, most) = ((first, last + 1), weight);
        }
    }
    range
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str, query: &str, room: usize) -> String {
        passage(text, query, room, str::len)
    }

    #[test]
    fn the_passage_is_around_the_words_of_the_query() {
        let filler = "nothing of the kind is said here at all ".repeat(20);
        let text = format!("{filler}backups are kept for 35 days in Frankfurt {filler}");
        let passage = cut(&text, "How long are backups kept?", 80);
        assert!(passage.contains("backups are kept for 35 days"), "{passage}");
        assert!(passage.starts_with("[…] ") && passage.ends_with(" […]"), "{passage}");
        assert!(cut(&text, "no such word", 80).starts_with("nothing of the kind"));
        assert_eq!(cut("all of it", "anything", 80), "all of it");
    }

    #[test]
    fn a_rare_word_counts_for_more_than_frequent_ones() {
        let text = format!(
            "{}the deployment needs a token {}",
            "tea for the team ".repeat(30),
            "the team ".repeat(30)
        );
        assert!(cut(&text, "What does the team need to deploy?", 40).contains("deployment"));
    }

    proptest! {
        #[test]
        fn a_passage_fits(text in "[ab\u{4f1a}\u{1f980} \n]{0,200}", query in "[ab ]{0,10}", room in 0..100usize) {
            let passage = cut(&text, &query, room);
            let inner = passage.trim_start_matches("[…] ").trim_end_matches(" […]");
            prop_assert!(inner.len() <= room, "{passage:?}");
        }
    }
}
