//! The speaker of a memory, and the people that a query names.

use std::collections::HashSet;

use super::words::{is_stop_word, words};
use crate::memory::Memory;

/// Metadata keys that may name the speaker.
const MEMBERS: [&str; 4] = ["actor_id", "actor", "speaker", "author"];
/// Maximum number of words in a name prefix.
const LONGEST_NAME: usize = 3;

/// Returns the speaker's name as lower-case words, or nothing if it is unknown. Taken from the metadata, else from a
/// prefix such as "Ada Lovelace: ".
pub(super) fn of(memory: &Memory) -> Vec<String> {
    let named = MEMBERS.iter().find_map(|member| memory.metadata.get(*member)?.as_str());
    named.or_else(|| prefix(&memory.content)).map(name_words).unwrap_or_default()
}

fn prefix(text: &str) -> Option<&str> {
    let (name, _) = text.split_once(": ")?;
    let capital = |word: &str| word.starts_with(char::is_uppercase);
    let plain = name.chars().all(|c| c.is_alphabetic() || " .'-".contains(c));
    (plain && (1..=LONGEST_NAME).contains(&name.split(' ').count()) && name.split(' ').all(capital))
        .then_some(name)
}

fn name_words(name: &str) -> Vec<String> {
    words(name).map(str::to_lowercase).filter(|word| word.len() > 1 && !is_stop_word(word)).collect()
}

/// Returns for each memory whether the query names the speaker of another one and not its own.
pub(super) fn somebody_elses<'a>(query: &str, memories: impl Iterator<Item = &'a Memory>) -> Vec<bool> {
    let asked: HashSet<String> = words(query).map(str::to_lowercase).collect();
    let named: Vec<Option<bool>> = memories
        .map(|memory| {
            let name = of(memory);
            (!name.is_empty()).then(|| name.iter().any(|word| asked.contains(word)))
        })
        .collect();
    let anybody = named.contains(&Some(true));
    named.into_iter().map(|named| anybody && named == Some(false)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::memory::ranking::tests::memory;

    #[test]
    fn a_name_stands_in_front_or_in_the_metadata() {
        let said = |text: &str| of(&memory(1, text));
        assert_eq!(said("Ada: I like tea"), ["ada"]);
        assert_eq!(said("Ada O'Hara: I like tea"), ["ada", "hara"]);
        for text in
            ["I like tea", "note: tea", "The rule of the house is: tea", "At 10: 30 people", "http://a: b"]
        {
            assert_eq!(said(text), [""; 0], "{text}");
        }
        let mut other = memory(1, "Ada: I like tea");
        other.metadata.insert("actor_id".to_owned(), json!("bob"));
        assert_eq!(of(&other), ["bob"]);
    }

    #[test]
    fn what_others_said_counts_less_when_somebody_is_named() {
        let memories = ["Ada: tea", "Bob: coffee", "water"].map(|text| memory(1, text));
        let others = |query: &str| somebody_elses(query, memories.iter());
        assert_eq!(others("What does Ada drink?"), [false, true, false]);
        assert_eq!(others("Ada's and Bob's drinks"), [false, false, false]);
        assert_eq!(others("What does Eve drink?"), [false, false, false]);
    }
}
