//! Removes from bodies what differs from run to run.
//!
//! An id becomes `[mem#1]`: its kind and a number within that kind, so that a snapshot still shows whether two places
//! refer to the same memory. Times come from the stopped clock and stay.

use std::collections::HashMap;

use serde_json::Value;

/// Replaces ids, bare UUIDs, tokens and keys in every string.
pub(crate) fn stable(mut value: Value) -> Value {
    Names::default().visit(&mut value);
    value
}

#[derive(Default)]
struct Names {
    known: HashMap<String, String>,
    counts: HashMap<String, usize>,
}

impl Names {
    fn visit(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.replace(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.visit(item)),
            Value::Object(members) => {
                let taken = std::mem::take(members);
                for (name, mut member) in taken {
                    self.visit(&mut member);
                    members.insert(self.replace(&name), member);
                }
            }
            _ => {}
        }
    }

    fn replace(&mut self, text: &str) -> String {
        let part_of_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let mut result = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let word_end = rest.find(|c| !part_of_id(c)).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(word_end);
            match kind(word) {
                Some(kind) => result.push_str(&self.name(word, kind)),
                None => result.push_str(word),
            }
            let gap_end = tail.find(part_of_id).unwrap_or(tail.len());
            result.push_str(&tail[..gap_end]);
            rest = &tail[gap_end..];
        }
        result
    }

    fn name(&mut self, word: &str, kind: &str) -> String {
        if let Some(known) = self.known.get(word) {
            return known.clone();
        }
        let count = self.counts.entry(kind.to_owned()).or_default();
        *count += 1;
        let name = format!("[{kind}#{count}]");
        self.known.insert(word.to_owned(), name.clone());
        name
    }
}

/// Returns the kind of a word, if it is an id, a UUID, a secret or a JWT.
fn kind(word: &str) -> Option<&str> {
    if let Some((prefix, digits)) = word.split_once('_') {
        if prefix.len() == 3 && digits.len() == 26 && digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Some(prefix);
        }
        if prefix.starts_with("m0") && digits.len() >= 20 {
            return Some(prefix);
        }
    }
    let dashes = word.match_indices('-').map(|(at, _)| at).collect::<Vec<_>>();
    if word.len() == 36 && dashes == [8, 13, 18, 23] {
        return Some("uuid");
    }
    (word.starts_with("eyJ") && word.matches('.').count() == 2).then_some("jwt")
}

#[test]
fn the_same_id_gets_the_same_name_wherever_it_is() {
    let id = shared::ids::MemoryId::generate().to_string();
    let other = shared::ids::MemoryId::generate().to_string();
    let value = serde_json::json!({ "a": format!("at {id}, {other}"), "b": id, "c": "plain_text-1.5" });
    insta::assert_json_snapshot!(stable(value), @r#"
    {
      "a": "at [mem#1], [mem#2]",
      "b": "[mem#1]",
      "c": "plain_text-1.5"
    }
    "#);
}
