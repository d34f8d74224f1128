//! Steps about who holds which role.

use http::Method;
use serde_json::json;
use shared::access::Role;

use super::{MOST_PEOPLE, Pair};
use crate::harness::Client as _;
use crate::visibility::model::Holder;
use crate::visibility::steps::Step;

impl Pair {
    pub(super) async fn perform_people(&mut self, step: &Step) {
        match step {
            Step::Join { person, node, role } => {
                let person = 1 + person.index(self.people.len() - 1);
                self.join(person, self.node_or_root(*node), *role).await;
            }
            Step::Leave { person, node } => {
                let person = 1 + person.index(self.people.len() - 1);
                let held = self.model.roles.keys().filter(|(holder, _)| *holder == Holder::Person(person));
                // Rather a role that there is.
                let mut nodes: Vec<Option<usize>> = held.map(|(_, node)| *node).collect();
                nodes.extend([self.node_or_root(*node)]);
                let node = *node.get(&nodes);
                self.leave(person, node).await;
            }
            Step::Invite { node, role } if self.people.len() < MOST_PEOPLE => {
                self.invite(self.node_or_root(*node), *role).await;
            }
            Step::Group { person } => {
                let members = self.model.group.iter().map(|member| member - 1);
                if let Some(person) = Self::choose(*person, members, self.people.len() - 1) {
                    self.toggle_group(1 + person).await;
                }
            }
            Step::GroupRole { node, role } => {
                let held = self.model.roles.keys().filter(|(holder, _)| *holder == Holder::Group);
                // Rather a role that there is.
                let mut nodes: Vec<Option<usize>> = held.map(|(_, node)| *node).collect();
                nodes.extend([self.node_or_root(*node)]);
                self.set_group_role(*node.get(&nodes), *role).await;
            }
            Step::Deactivate { person } => {
                let person = 1 + person.index(self.people.len() - 1);
                self.set_active(person, false).await;
            }
            Step::Reactivate { person } => {
                let person = 1 + person.index(self.people.len() - 1);
                self.set_active(person, true).await;
            }
            _ => {}
        }
    }

    pub(super) async fn join(&mut self, person: usize, node: Option<usize>, role: Role) {
        let path = format!("{}/members", self.path_of(node));
        let user = self.people[person].user;
        let key = (Holder::Person(person), node);
        if self.model.roles.contains_key(&key) {
            self.owner().put(&format!("{path}/{user}"), json!({ "role": role })).await.ok();
        } else if self.model.inactive.contains_key(&person) {
            let answer = self.owner().post(&path, json!({ "user_id": user, "role": role })).await;
            answer.assert_status(409);
            return;
        } else {
            self.owner().post(&path, json!({ "user_id": user, "role": role })).await.ok();
        }
        self.model.roles.insert(key, role);
    }

    pub(super) async fn leave(&mut self, person: usize, node: Option<usize>) {
        let path = format!("{}/members/{}", self.path_of(node), self.people[person].user);
        let answer = self.owner().delete(&path).await;
        match self.model.roles.remove(&(Holder::Person(person), node)) {
            Some(_) => drop(answer.ok()),
            None => drop(answer.assert_status(404)),
        }
    }

    /// Somebody new accepts by registering.
    async fn invite(&mut self, node: Option<usize>, role: Role) {
        let number = self.people.len();
        let path = format!("{}/invitations", self.path_of(node));
        let email = format!("person{number}@invited.example");
        let invited = self.owner().post(&path, json!({ "email": email, "role": role })).await.ok();
        let person = self.app.accepted(&email, invited["token"].as_str().unwrap()).await;
        self.people.push(person.with_new_login().await);
        self.model.roles.insert((Holder::Person(number), node), role);
    }

    pub(super) async fn toggle_group(&mut self, person: usize) {
        let (path, user) = (format!("/v1/groups/{}/members", self.group), self.people[person].user);
        if self.model.group.remove(&person) {
            self.owner().delete(&format!("{path}/{user}")).await.ok();
        } else if self.model.inactive.contains_key(&person) {
            self.owner().post(&path, json!({ "user_id": user })).await.assert_status(409);
        } else {
            self.owner().post(&path, json!({ "user_id": user })).await.ok();
            self.model.group.insert(person);
        }
    }

    pub(super) async fn set_group_role(&mut self, node: Option<usize>, role: Option<Role>) {
        let path = format!("{}/group-roles/{}", self.path_of(node), self.group);
        let key = (Holder::Group, node);
        match role {
            Some(role) => {
                self.owner().put(&path, json!({ "role": role })).await.ok();
                self.model.roles.insert(key, role);
            }
            None => {
                let answer = self.owner().delete(&path).await;
                match self.model.roles.remove(&key) {
                    Some(_) => drop(answer.ok()),
                    None => drop(answer.assert_status(404)),
                }
            }
        }
    }

    /// Who was put out of use needs a new login.
    pub(super) async fn set_active(&mut self, person: usize, active: bool) {
        if self.model.inactive.contains_key(&person) != active {
            return;
        }
        let verb = if active { "reactivate" } else { "deactivate" };
        let path = format!("/v1/users/{}/{verb}", self.people[person].user);
        self.owner().call(Method::POST, &path, None).await.ok();
        if active {
            self.model.inactive.remove(&person);
            self.model.forgotten.remove(&person);
            self.people[person] = self.people[person].with_new_login().await;
        } else {
            self.model.hand_over_contexts(person);
            self.model.inactive.insert(person, self.model.now);
            // Their keys end with it, and do not come back.
            self.narrowed = self.narrowed.filter(|(whose, _)| *whose != person);
        }
    }
}
