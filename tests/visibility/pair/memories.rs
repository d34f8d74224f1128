//! Steps about memories: adding, changing, forgetting and moving.

use proptest::sample::Index;
use serde_json::json;
use shared::access::Classification;
use shared::memory::Permission;

use super::Pair;
use crate::harness::Client as _;
use crate::visibility::model::{Memory, Place};
use crate::visibility::steps::Step;

impl Pair {
    pub(super) async fn perform_memories(&mut self, step: &Step) {
        match step {
            Step::Add { person, place, class } => {
                let person = self.person(*person);
                let place = self.place(*place, [person]);
                self.add(person, place, *class).await;
            }
            Step::Revise { person, memory } => {
                let person = self.person(*person);
                if let Some(memory) = self.memory(person, *memory) {
                    self.revise(person, memory).await;
                }
            }
            Step::Classify { person, memory, class } => {
                let person = self.person(*person);
                if let Some(memory) = self.memory(person, *memory) {
                    self.classify(person, memory, *class).await;
                }
            }
            Step::Forget { person, memory } => {
                let person = self.person(*person);
                if let Some(memory) = self.memory(person, *memory) {
                    self.forget(person, memory).await;
                }
            }
            Step::Rehome { person, memory, to } => {
                let all = self.people.len();
                // Rather somebody who decides about something, that, and a place where it may go.
                let movers = (0..all).filter(|person| !self.movable(*person).is_empty());
                let Some(person) = Self::choose(*person, movers, all) else { return };
                let memory = Self::choose(*memory, self.movable(person), self.memories.len());
                let Some(memory) = memory else { return };
                let places = self.places([person]);
                let goes = |number: &usize| self.model.may_rehome(person, memory, places[*number]) == 200;
                let able = (0..places.len()).filter(goes);
                let Some(number) = Self::choose(*to, able, places.len()) else { return };
                self.rehome(person, memory, places[number]).await;
            }
            _ => {}
        }
    }

    /// A memory, rather one that they see.
    fn memory(&self, person: usize, index: Index) -> Option<usize> {
        Self::choose(index, self.model.visible(person), self.memories.len())
    }

    /// What somebody may take away from where it lives.
    fn movable(&self, person: usize) -> Vec<usize> {
        let known = self.model.memories.keys().copied();
        known.filter(|memory| self.model.has_role(person, *memory)).collect()
    }

    /// As requests of who writes there name it.
    fn scope(&self, place: Place) -> String {
        match place {
            Place::Personal(_) => "personal".to_owned(),
            other => self.label(other),
        }
    }

    async fn rehome(&mut self, person: usize, memory: usize, to: Place) {
        // Whom it may be seen by depends on where it can be, which is looked up in the projection.
        self.tidy().await;
        let path = format!("/v1/memories/{}/scope/", self.memories[memory]);
        let answer = self.people[person].put(&path, json!({ "scope": self.scope(to) })).await;
        let status = self.model.may_rehome(person, memory, to);
        answer.assert_status(status);
        if status == 200 {
            self.model.rehome(memory, to);
        }
    }

    pub(super) async fn add(&mut self, person: usize, place: Place, class: Option<Classification>) {
        // Words make memories differ.
        let text = format!("The walrus number {0} likes herring {0} times", self.memories.len());
        let scope = self.scope(place);
        let body = json!({ "messages": text, "infer": false, "scope": scope, "classification": class });
        let answer = self.people[person].post("/v3/memories/add/", body).await;
        match self.model.add(person, place, class) {
            Err(status) => drop(answer.assert_status(status)),
            Ok(class) => {
                let added = answer.ok();
                assert_eq!(added["results"][0]["event"], "ADD", "{added}");
                let id = added["results"][0]["id"].as_str().unwrap_or_else(|| panic!("{added}"));
                let memory = Memory { home: place, author: person, class, version: 1, said: 0 };
                self.model.memories.insert(self.memories.len(), memory);
                self.memories.push(id.to_owned());
            }
        }
    }

    pub(super) async fn revise(&mut self, person: usize, memory: usize) {
        let now = self.model.now.timestamp();
        let text = format!("The walrus number {memory} likes herring since {now}");
        let path = format!("/v1/memories/{}/", self.memories[memory]);
        let answer = self.people[person].put(&path, json!({ "text": text })).await;
        let status = self.model.change(person, memory, Permission::Write);
        answer.assert_status(status);
        let known = self.model.memories.get_mut(&memory).filter(|known| status == 200 && known.said != now);
        if let Some(known) = known {
            (known.said, known.version) = (now, known.version + 1);
        }
    }

    async fn classify(&mut self, person: usize, memory: usize, class: Classification) {
        // What it may become depends on where it can be seen, which is looked up in the projection.
        self.tidy().await;
        let path = format!("/v1/memories/{}/", self.memories[memory]);
        let answer = self.people[person].put(&path, json!({ "classification": class })).await;
        let status = self.model.classify(person, memory, class);
        answer.assert_status(status);
        let known =
            self.model.memories.get_mut(&memory).filter(|known| status == 200 && known.class != class);
        if let Some(known) = known {
            (known.class, known.version) = (class, known.version + 1);
        }
    }

    pub(super) async fn forget(&mut self, person: usize, memory: usize) {
        let path = format!("/v1/memories/{}/", self.memories[memory]);
        let answer = self.people[person].delete(&path).await;
        match self.model.change(person, memory, Permission::Admin) {
            200 => {
                answer.ok();
                self.model.memories.remove(&memory);
            }
            refused => drop(answer.assert_status(refused)),
        }
    }
}
