//! The product, and the model beside it: every step is done to both.
//!
//! They begin with what is in [`start`]. What everybody finds afterwards is compared in [`compare`]; steps about the tree are
//! in [`tree`], about roles in [`people`], about sharing in [`sharing`], about heirs in [`succession`].

mod compare;
mod people;
mod sharing;
mod start;
mod succession;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use proptest::sample::Index;
use serde_json::json;
use shared::access::Classification;
use shared::memory::Permission;

use super::model::{Memory, Model, Place};
use super::steps::Step;
use crate::harness::{Actor, Client as _, Node, TestApp};

/// People at most: the others are invited.
const MOST_PEOPLE: usize = 6;

pub(super) struct Pair {
    app: TestApp,
    /// Person 0 is the owner.
    people: Vec<Actor>,
    /// A key of somebody's that is narrowed to a node, or to the enterprise; whose, and to which, until their account is out of
    /// use.
    key: Actor,
    narrowed: Option<(usize, Option<usize>)>,
    nodes: Vec<Node>,
    memories: Vec<String>,
    shares: Vec<String>,
    requests: Vec<String>,
    group: String,
    model: Model,
    /// How many steps were done.
    steps: usize,
    /// What each saw when it was last compared.
    seen: BTreeMap<usize, BTreeSet<usize>>,
}

impl Pair {
    fn owner(&self) -> &Actor {
        &self.people[0]
    }

    fn person(&self, index: Index) -> usize {
        index.index(self.people.len())
    }

    fn node(&self, index: Index) -> Option<usize> {
        let nodes: Vec<usize> = self.model.nodes.keys().copied().collect();
        (!nodes.is_empty()).then(|| *index.get(&nodes))
    }

    /// A node, or the enterprise.
    fn node_or_root(&self, index: Index) -> Option<usize> {
        let mut nodes: Vec<Option<usize>> = self.model.nodes.keys().map(|node| Some(*node)).collect();
        nodes.push(None);
        *index.get(&nodes)
    }

    /// Where somebody may try to put something; `others` are people, if it is for sharing.
    fn place(&self, index: Index, people: impl IntoIterator<Item = usize>) -> Place {
        let mut places: Vec<Place> = self.model.nodes.keys().map(|node| Place::Node(*node)).collect();
        places.extend(people.into_iter().map(Place::Personal));
        places.extend([Place::Enterprise, Place::Public]);
        *index.get(&places)
    }

    /// One of these or one of all, so that about every other time something can be done.
    fn choose(index: Index, likely: impl IntoIterator<Item = usize>, all: usize) -> Option<usize> {
        let likely: Vec<usize> = likely.into_iter().collect();
        let mut choice: Vec<usize> = (0..all).collect();
        choice.extend(likely.iter().cycle().take(all.max(likely.len())));
        (!choice.is_empty()).then(|| *index.get(&choice))
    }

    /// A memory, rather one that they see.
    fn memory(&self, person: usize, index: Index) -> Option<usize> {
        Self::choose(index, self.model.visible(person), self.memories.len())
    }

    fn path_of(&self, node: Option<usize>) -> String {
        match node {
            None => "/v1/enterprise".to_owned(),
            Some(node) => format!("/v1/organizations/{}", self.nodes[node].id),
        }
    }

    /// Does it, and asserts that it is answered as the model says.
    pub(super) async fn perform(&mut self, step: &Step) {
        // So that nothing happens at the same time.
        self.pass(chrono::TimeDelta::seconds(1));
        self.steps += 1;
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
            Step::Pass { hours, tidy } => {
                self.pass(chrono::TimeDelta::hours(*hours));
                if *tidy {
                    self.tidy().await;
                }
            }
            Step::Share(_)
            | Step::Revoke { .. }
            | Step::Rule { .. }
            | Step::Approve { .. }
            | Step::Deny { .. }
            | Step::Withdraw { .. } => self.perform_sharing(step).await,
            Step::Found { .. } | Step::Move { .. } | Step::Delete { .. } => self.perform_tree(step).await,
            Step::Dissolve { .. } | Step::Reassign { .. } => self.perform_succession(step).await,
            _ => self.perform_people(step).await,
        }
    }

    fn pass(&mut self, time: chrono::TimeDelta) {
        self.app.advance(time);
        self.model.now = self.app.now();
    }

    /// What jobs do some time later: nothing may depend on when.
    async fn tidy(&mut self) {
        self.model.tidy();
        while shared::sharing::expiry::end_some(self.app.gate()).await.unwrap() > 0 {}
        shared::sharing::approvals::expire(self.app.gate()).await.unwrap();
    }

    async fn add(&mut self, person: usize, place: Place, class: Option<Classification>) {
        // Words make memories differ.
        let text = format!("The walrus number {0} likes herring {0} times", self.memories.len());
        let scope = match place {
            Place::Personal(_) => "personal".to_owned(),
            other => self.label(other),
        };
        let body = json!({ "messages": text, "infer": false, "scope": scope, "classification": class });
        let answer = self.people[person].post("/v3/memories/add/", body).await;
        match self.model.add(person, place, class) {
            Err(status) => drop(answer.assert_status(status)),
            Ok(class) => {
                let added = answer.ok();
                assert_eq!(added["results"][0]["event"], "ADD", "{added}");
                let id = added["results"][0]["id"].as_str().unwrap_or_else(|| panic!("{added}"));
                self.model
                    .memories
                    .insert(self.memories.len(), Memory { home: place, author: person, class });
                self.memories.push(id.to_owned());
            }
        }
    }

    async fn revise(&mut self, person: usize, memory: usize) {
        let text = format!("The walrus number {memory} likes herring since {}", self.model.now.timestamp());
        let path = format!("/v1/memories/{}/", self.memories[memory]);
        let answer = self.people[person].put(&path, json!({ "text": text })).await;
        answer.assert_status(self.model.change(person, memory, Permission::Write));
    }

    async fn classify(&mut self, person: usize, memory: usize, class: Classification) {
        // What it may become depends on where it can be seen, which is looked up in the projection.
        self.tidy().await;
        let path = format!("/v1/memories/{}/", self.memories[memory]);
        let answer = self.people[person].put(&path, json!({ "classification": class })).await;
        let status = self.model.classify(person, memory, class);
        answer.assert_status(status);
        if status == 200 {
            self.model.memories.get_mut(&memory).unwrap().class = class;
        }
    }

    async fn forget(&mut self, person: usize, memory: usize) {
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
