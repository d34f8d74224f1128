//! The memories of Northwind: `scope | author | text`, one per line.

/// A memory of the demo.
pub(super) struct Line {
    pub(super) scope: &'static str,
    pub(super) author: &'static str,
    pub(super) text: &'static str,
}

/// Every memory, in the order of the file.
pub(super) fn lines() -> impl Iterator<Item = Line> {
    include_str!("../../demo/memories.txt").lines().filter_map(|line| {
        let mut parts = line.splitn(3, '|').map(str::trim);
        match (parts.next()?, parts.next(), parts.next()) {
            (scope, Some(author), Some(text)) if !scope.starts_with('#') => {
                Some(Line { scope, author, text })
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::demo::people;

    #[test]
    fn every_scope_has_memories_and_every_name_is_known() {
        let mut scopes: BTreeMap<&str, usize> = BTreeMap::new();
        for line in lines() {
            *scopes.entry(line.scope).or_default() += 1;
            let known =
                line.author == people::OWNER.key || people::INVITED.iter().any(|p| p.key == line.author);
            assert!(known, "{} is nobody", line.author);
            assert!(line.text.len() > 15, "{:?} says too little", line.text);
        }
        let nodes = people::TREE.iter().map(|node| node.key);
        for scope in nodes.chain(["personal", "enterprise", "public"]) {
            assert!(scopes.contains_key(scope), "{scope} has no memories");
        }
        assert!(scopes.values().sum::<usize>() >= 100);
    }
}
