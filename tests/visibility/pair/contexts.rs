//! Steps about contexts: who is in them, and how they end.

use http::Method;
use proptest::sample::Index;
use serde_json::json;
use shared::access::Role;
use shared::memory::Permission;

use super::Pair;
use crate::harness::Client as _;
use crate::visibility::model::Place;
use crate::visibility::steps::Step;

/// More would be alike.
const MOST_CONTEXTS: usize = 4;

impl Pair {
    pub(super) async fn perform_contexts(&mut self, step: &Step) {
        match step {
            Step::Gather { person } if self.model.contexts.len() < MOST_CONTEXTS => {
                self.gather(self.person(*person)).await;
            }
            Step::Enter { by, person, context, role } => {
                let Some(context) = self.context(*context) else { return };
                let person = self.person(*person);
                let able = self.able(|pair, by| pair.model.may_enter(by, person, context, *role));
                if let Some(by) = Self::choose(*by, able, self.people.len()) {
                    self.enter(by, person, context, *role).await;
                }
            }
            Step::Depart { by, person, context } => {
                let Some(context) = self.context(*context) else { return };
                let members = self.model.contexts[&context].keys().copied();
                let Some(person) = Self::choose(*person, members, self.people.len()) else { return };
                let able = self.able(|pair, by| pair.model.may_depart(by, person, context));
                if let Some(by) = Self::choose(*by, able, self.people.len()) {
                    self.depart(by, person, context).await;
                }
            }
            Step::EndContext { person, context, emptied } => {
                let Some(context) = self.context(*context) else { return };
                if *emptied {
                    self.empty(context).await;
                }
                let able = self.able(|pair, by| pair.model.may_end_context(by, context));
                if let Some(person) = Self::choose(*person, able, self.people.len()) {
                    self.end_context(person, context).await;
                }
            }
            _ => {}
        }
    }

    pub(super) fn context(&self, index: Index) -> Option<usize> {
        let contexts: Vec<usize> = self.model.contexts.keys().copied().collect();
        (!contexts.is_empty()).then(|| *index.get(&contexts))
    }

    /// People who would be answered with success.
    pub(super) fn able(&self, status: impl Fn(&Self, usize) -> u16) -> Vec<usize> {
        (0..self.people.len()).filter(|person| status(self, *person) < 300).collect()
    }

    /// Somebody makes one, and owns it.
    pub(super) async fn gather(&mut self, person: usize) {
        let number = self.contexts.len();
        let name = json!({ "name": format!("context {number}") });
        let answer = self.people[person].post("/v1/contexts/", name).await;
        let status = self.model.may_gather(person);
        answer.assert_status(status);
        if status == 201 {
            self.contexts.push(answer.json()["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned());
            self.model.enter(person, number, Role::Owner);
        }
    }

    pub(super) async fn enter(&mut self, by: usize, person: usize, context: usize, role: Role) {
        let path = format!("/v1/contexts/{}/members/", self.contexts[context]);
        let user = self.people[person].user;
        let known = self.model.contexts[&context].contains_key(&person);
        let answer = match known {
            true => self.people[by].put(&format!("{path}{user}/"), json!({ "role": role })).await,
            false => self.people[by].post(&path, json!({ "user_id": user, "role": role })).await,
        };
        let status = self.model.may_enter(by, person, context, role);
        answer.assert_status(status);
        if status < 300 {
            self.model.enter(person, context, role);
        }
    }

    pub(super) async fn depart(&mut self, by: usize, person: usize, context: usize) {
        let user = self.people[person].user;
        let path = format!("/v1/contexts/{}/members/{user}/", self.contexts[context]);
        let status = self.model.may_depart(by, person, context);
        self.people[by].call(Method::DELETE, &path, None).await.assert_status(status);
        if status == 204 {
            self.model.contexts.get_mut(&context).unwrap().remove(&person);
        }
    }

    /// What lives in it is forgotten by somebody who may.
    pub(super) async fn empty(&mut self, context: usize) {
        let inside = self.model.memories.iter().filter(|(_, it)| it.home == Place::Context(context));
        for memory in inside.map(|(id, _)| *id).collect::<Vec<_>>() {
            let able = self.able(|pair, by| pair.model.change(by, memory, Permission::Admin));
            if let Some(person) = able.first() {
                self.forget(*person, memory).await;
            }
        }
    }

    pub(super) async fn end_context(&mut self, person: usize, context: usize) {
        let path = format!("/v1/contexts/{}/", self.contexts[context]);
        let status = self.model.may_end_context(person, context);
        self.people[person].call(Method::DELETE, &path, None).await.assert_status(status);
        if status == 204 {
            self.model.end_context(context);
        }
    }
}
