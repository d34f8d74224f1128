//! Everybody finds what the model says: by listing, by searching, and level by level.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Pair;
use crate::harness::{Actor, Client as _};
use crate::visibility::sequences::Whom;

impl Pair {
    /// Those first for whom something changed.
    pub(in crate::visibility) async fn compare(&mut self, after: &impl std::fmt::Debug, whom: Whom) {
        let all = 0..self.people.len();
        let visible: Vec<BTreeSet<usize>> = all.clone().map(|person| self.model.visible(person)).collect();
        let (mut asked, others): (Vec<usize>, Vec<usize>) =
            all.partition(|person| self.seen.get(person) != Some(&visible[*person]));
        asked.extend(
            others
                .into_iter()
                .filter(|person| whom == Whom::Everybody || self.model.inactive.contains_key(person)),
        );
        for person in asked {
            self.compare_person(person, &visible[person], after).await;
        }
        self.compare_key(after).await;
        self.assert_chains(after).await;
        self.assert_four_eyes(after).await;
        self.seen = visible.into_iter().enumerate().collect();
    }

    async fn compare_person(&self, number: usize, expected: &BTreeSet<usize>, after: &impl std::fmt::Debug) {
        let person = &self.people[number];
        if self.model.inactive.contains_key(&number) {
            person.post("/v3/memories/", json!({ "filters": {} })).await.assert_status(401);
            return;
        }
        for (way, found) in self.found_by(person, number).await {
            assert_eq!(&found, expected, "person {number} {way}, after {after:?}\n{:#?}", self.model);
        }
    }

    async fn compare_key(&self, after: &impl std::fmt::Debug) {
        if let Some((person, node)) = self.narrowed
            && !self.model.inactive.contains_key(&person)
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
