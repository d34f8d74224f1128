//! Everybody finds what the model says: by listing, by searching, and level by level.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Pair;
use crate::harness::{Actor, Client as _};

impl Pair {
    pub(in crate::visibility) async fn compare(&self, after: &impl std::fmt::Debug) {
        for (number, person) in self.people.iter().enumerate() {
            if self.model.inactive.contains(&number) {
                person.post("/v3/memories/", json!({ "filters": {} })).await.assert_status(401);
                continue;
            }
            let expected = self.model.visible(number);
            for (way, found) in self.found_by(person, number).await {
                assert_eq!(found, expected, "person {number} {way}, after {after:?}\n{:#?}", self.model);
            }
        }
        if let Some((person, node)) = self.narrowed
            && !self.model.inactive.contains(&person)
        {
            let expected = self.model.visible_within(person, node);
            for (way, found) in self.found_by(&self.key, 0).await {
                assert_eq!(found, expected, "their narrowed key {way}, after {after:?}\n{:#?}", self.model);
            }
        }
    }

    /// Level by level every fourth time, each in turn.
    async fn found_by(&self, person: &Actor, turn: usize) -> Vec<(&'static str, BTreeSet<usize>)> {
        let list = json!({ "filters": {}, "scope": "all" });
        let listed = person.post("/v3/memories/?page_size=1000", list).await.ok();
        let query = json!({ "query": "walrus herring", "scope": "all", "top_k": 1000, "threshold": 0.0 });
        let searched = person.post("/v3/memories/search/", query).await.ok();
        let mut found = vec![("lists", self.numbers(&listed)), ("searches", self.numbers(&searched))];
        if self.steps % 4 != turn % 4 {
            return found;
        }
        let levels = person.post("/v1/memories/hierarchical/", json!({ "per_level": 100 })).await.ok();
        let levels: Vec<Value> = levels["levels"].as_array().into_iter().flatten().cloned().collect();
        let results = levels.iter().flat_map(|level| level["results"].as_array().unwrap());
        let each: Vec<usize> = results.map(|memory| self.number(memory)).collect();
        let by_level: BTreeSet<usize> = each.iter().copied().collect();
        assert_eq!(by_level.len(), each.len(), "a memory is there once: {levels:?}");
        found.push(("looks level by level", by_level));
        found
    }

    fn numbers(&self, answer: &Value) -> BTreeSet<usize> {
        let results = answer["results"].as_array().unwrap_or_else(|| panic!("{answer}"));
        results.iter().map(|memory| self.number(memory)).collect()
    }

    fn number(&self, memory: &Value) -> usize {
        let known = self.memories.iter().position(|id| memory["id"] == **id);
        known.unwrap_or_else(|| panic!("a memory that nobody here added: {memory}"))
    }
}
