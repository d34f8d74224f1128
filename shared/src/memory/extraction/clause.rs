//! Compound sentences: `I like tea and my sister lives in Rome` is two facts.
//!
//! Conservative, because half a sentence is worse than a long one: it splits only where both halves are statements with
//! their own subject, and never inside quotations, parentheses or code, or after `if` and similar words.

use super::phrase::{is_verb, words};
use super::words::{ANAPHORA, CLAUSE_SUBJECTS, SUBORDINATORS, VERBS};

/// Splits a sentence into its parts, in order; at least one.
pub(super) fn clauses(sentence: &str) -> Vec<String> {
    let words = words(sentence);
    let first = words.first().map(|word| word.lower.as_str()).unwrap_or_default();
    if SUBORDINATORS.contains(&first) || sentence.contains(['`', '"', '“', '„', '«', '(', '\n', '?', '？'])
    {
        return vec![sentence.to_owned()];
    }
    let lower: Vec<&str> = words.iter().map(|word| word.lower.as_str()).collect();
    let mut clauses = Vec::new();
    let (mut start, mut from) = (0, 0);
    for (at, word) in words.iter().enumerate() {
        let (left_end, right) = match lower[at] {
            "and" | "but" => (at, at + 1),
            _ if sentence[word.end..].starts_with(';') => (at + 1, at + 1),
            _ => continue,
        };
        let joined = left_end == at;
        if right < words.len() && is_clause(&lower[from..left_end]) && begins_clause(&lower[right..], joined)
        {
            clauses.push(tidy(&sentence[start..words[left_end - 1].end]));
            (start, from) = (words[right].start, right);
        }
    }
    clauses.push(tidy(&sentence[start..]));
    clauses
}

fn is_clause(words: &[&str]) -> bool {
    words.len() >= 2 && (CLAUSE_SUBJECTS.contains(&words[0]) || words.iter().any(|word| is_verb(word)))
}

/// Returns whether a statement with its own subject begins here. After a semicolon, any subject qualifies that does not
/// refer back.
fn begins_clause(words: &[&str], joined: bool) -> bool {
    let verb_follows = || words.iter().skip(2).take(4).any(|word| VERBS.contains(word));
    words.len() >= 2
        && (CLAUSE_SUBJECTS.contains(&words[0])
            || matches!(words[0], "my" | "our") && verb_follows()
            || !joined
                && words.len() >= 3
                && !ANAPHORA.contains(&words[0])
                && words.iter().any(|word| is_verb(word)))
}

fn tidy(clause: &str) -> String {
    let clause = clause.trim().trim_end_matches([',', ';']).trim_end();
    // Capitalise a word that now begins a sentence.
    match clause.split_once(' ') {
        Some(("my", rest)) => format!("My {rest}"),
        Some(("our", rest)) => format!("Our {rest}"),
        Some(("we", rest)) => format!("We {rest}"),
        _ => clause.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_with_their_own_subjects_are_split() {
        assert_eq!(
            clauses("I like tea and my sister lives in Rome."),
            ["I like tea", "My sister lives in Rome."]
        );
        assert_eq!(
            clauses("My name is Ada, and I work at Acme, but we moved"),
            ["My name is Ada", "I work at Acme", "We moved"]
        );
        assert_eq!(clauses("I smoke; Bob doesn't smoke at all"), ["I smoke", "Bob doesn't smoke at all"]);
    }

    #[test]
    fn anything_else_stays_whole() {
        for sentence in [
            "My lovely wife and I went to Rome",
            "I told my sister and my mother about it",
            "I like tea and coffee",
            "If I travel and I have time, I read",
            "He said \"I like tea and I like cake\"",
            "The service runs on port 80 and it is slow",
            "I use `a && b; c` and I like it",
            "and I",
            "",
        ] {
            assert_eq!(clauses(sentence), [sentence]);
        }
    }
}
