//! Random sequences of changes by an owner and by members. After every step each person finds, by listing and by
//! searching, exactly what the model says that they see.

use std::collections::BTreeSet;

use http::Method;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::model::{Model, Place};
use crate::harness::{Actor, Client as _, Node, TestApp, seeded};

/// People besides the owner. Nobody else knows of the tenant beside them.
const PEOPLE: usize = 3;

/// Nodes, people and memories are chosen by an index into those that are there.
#[derive(Debug, Clone)]
enum Step {
    Add { person: Index, place: Index },
    Forget { memory: Index },
    Found { parent: Index },
    Move { node: Index, parent: Index },
    Dissolve { node: Index },
    Join { person: Index, node: Index, role: Role },
    Leave { person: Index, node: Index },
    Deactivate { person: Index },
    Reactivate { person: Index },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<Index>;
    let role = proptest::sample::select(vec![Role::Viewer, Role::Member, Role::Admin]);
    let step = prop_oneof![
        6 => (index(), index()).prop_map(|(person, place)| Step::Add { person, place }),
        1 => index().prop_map(|memory| Step::Forget { memory }),
        2 => index().prop_map(|parent| Step::Found { parent }),
        3 => (index(), index()).prop_map(|(node, parent)| Step::Move { node, parent }),
        1 => index().prop_map(|node| Step::Dissolve { node }),
        5 => (index(), index(), role).prop_map(|(person, node, role)| Step::Join { person, node, role }),
        3 => (index(), index()).prop_map(|(person, node)| Step::Leave { person, node }),
        1 => index().prop_map(|person| Step::Deactivate { person }),
        1 => index().prop_map(|person| Step::Reactivate { person }),
    ];
    prop::collection::vec(step, 6..16)
}

/// The product, and the model beside it.
struct Pair {
    owner: Actor,
    /// Person 0 is the owner.
    people: Vec<Actor>,
    nodes: Vec<Node>,
    model: Model,
    /// Words make memories differ.
    said: usize,
}

impl Pair {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let owner = app.owner("owner").await;
        // Somebody else's memory, which nobody here must ever see.
        let elsewhere = app.owner("elsewhere").await;
        let body = json!({ "messages": "The walrus of another tenant", "infer": false, "scope": "public" });
        elsewhere.post("/v3/memories/add/", body).await.ok();
        let mut people = vec![owner.clone()];
        for number in 1..=PEOPLE {
            people.push(owner.stranger(&format!("person{number}")).await);
        }
        let mut pair = Self { owner, people, nodes: Vec::new(), model: Model::default(), said: 0 };
        pair.model.roles.insert((0, None), Role::Owner);
        let top = pair.found(None).await;
        pair.found(Some(top)).await;
        pair.found(Some(top)).await;
        pair
    }

    /// A new node: organizations at the top, divisions below.
    async fn found(&mut self, parent: Option<usize>) -> usize {
        let number = self.nodes.len();
        let name = format!("node {number}");
        let node = match parent {
            None => self.owner.node(ScopeKind::Organization, &name).await,
            Some(parent) => self.owner.node_in(&self.nodes[parent], ScopeKind::Division, &name).await,
        };
        self.nodes.push(node);
        self.model.parents.insert(number, parent);
        number
    }

    fn node(&self, index: Index) -> Option<usize> {
        let nodes: Vec<usize> = self.model.parents.keys().copied().collect();
        (!nodes.is_empty()).then(|| *index.get(&nodes))
    }

    /// A node, or the enterprise.
    fn node_or_root(&self, index: Index) -> Option<usize> {
        let mut nodes: Vec<Option<usize>> = self.model.parents.keys().map(|node| Some(*node)).collect();
        nodes.push(None);
        *index.get(&nodes)
    }

    /// Somebody besides the owner.
    fn member(&self, index: Index) -> usize {
        1 + index.index(PEOPLE)
    }

    fn place(&self, person: usize, index: Index) -> Place {
        let mut places: Vec<Place> = self.model.parents.keys().map(|node| Place::Node(*node)).collect();
        places.extend([Place::Personal(person), Place::Enterprise, Place::Public]);
        *index.get(&places)
    }

    fn label(&self, place: Place) -> String {
        match place {
            Place::Personal(_) => "personal".to_owned(),
            Place::Node(node) => self.nodes[node].label(),
            Place::Enterprise => "enterprise".to_owned(),
            Place::Public => "public".to_owned(),
        }
    }

    fn members_path(&self, node: Option<usize>) -> String {
        match node {
            None => "/v1/enterprise/members".to_owned(),
            Some(node) => format!("/v1/organizations/{}/members", self.nodes[node].id),
        }
    }

    async fn perform(&mut self, step: &Step) {
        match step {
            Step::Add { person, place } => {
                let person = person.index(self.people.len());
                let place = self.place(person, *place);
                self.add(person, place).await;
            }
            Step::Forget { memory } => {
                let all: Vec<String> = self.model.visible(0).into_iter().collect();
                if all.is_empty() {
                    return;
                }
                let id = memory.get(&all).clone();
                self.owner.delete(&format!("/v1/memories/{id}/")).await.ok();
                self.model.memories.remove(&id);
            }
            Step::Found { parent } => {
                let parent = self.node_or_root(*parent);
                if self.model.parents.len() < 7 {
                    self.found(parent).await;
                }
            }
            Step::Move { node, parent } => {
                let (Some(node), Some(parent)) = (self.node(*node), self.node(*parent)) else { return };
                let division = self.nodes[node].kind == ScopeKind::Division;
                let path = format!("/v1/organizations/{}/move", self.nodes[node].id);
                let answer = self.owner.post(&path, json!({ "parent": self.nodes[parent].id })).await;
                let organization = self.nodes[parent].kind == ScopeKind::Organization;
                let stays = self.model.parents[&node] == Some(parent);
                let cycle = self.model.is_above(Some(node), Some(parent));
                match () {
                    () if stays => drop(answer.ok()),
                    () if !division && !organization => drop(answer.assert_status(400)),
                    () if cycle => drop(answer.assert_status(409)),
                    () => {
                        answer.ok();
                        self.model.parents.insert(node, Some(parent));
                    }
                }
            }
            Step::Dissolve { node } => {
                let Some(node) = self.node(*node) else { return };
                let path = format!("/v1/organizations/{}", self.nodes[node].id);
                if self.model.is_empty(node) {
                    self.owner.delete(&path).await.ok();
                    self.model.parents.remove(&node);
                    self.model.roles.retain(|(_, held), _| *held != Some(node));
                } else {
                    self.owner.delete(&path).await.assert_status(409);
                }
            }
            Step::Join { person, node, role } => {
                let (person, node) = (self.member(*person), self.node_or_root(*node));
                let path = self.members_path(node);
                let user = self.people[person].user;
                if self.model.roles.contains_key(&(person, node)) {
                    self.owner.put(&format!("{path}/{user}"), json!({ "role": role })).await.ok();
                } else if self.model.inactive.contains(&person) {
                    return;
                } else {
                    self.owner.post(&path, json!({ "user_id": user, "role": role })).await.ok();
                }
                self.model.roles.insert((person, node), *role);
            }
            Step::Leave { person, node } => {
                let (person, node) = (self.member(*person), self.node_or_root(*node));
                let path = format!("{}/{}", self.members_path(node), self.people[person].user);
                match self.model.roles.remove(&(person, node)) {
                    Some(_) => drop(self.owner.delete(&path).await.ok()),
                    None => drop(self.owner.delete(&path).await.assert_status(404)),
                }
            }
            Step::Deactivate { person } => self.set_active(self.member(*person), false).await,
            Step::Reactivate { person } => self.set_active(self.member(*person), true).await,
        }
    }

    async fn add(&mut self, person: usize, place: Place) {
        self.said += 1;
        let text = format!("The walrus number {0} likes herring {0} times", self.said);
        let body = json!({ "messages": text, "infer": false, "scope": self.label(place) });
        let answer = self.people[person].post("/v3/memories/add/", body).await;
        if self.model.inactive.contains(&person) {
            answer.assert_status(401);
            return;
        }
        answer.assert_status(self.model.add(person, place));
        if answer.status.is_success() {
            let added = answer.json();
            let id = added["results"][0]["id"].as_str().unwrap_or_else(|| panic!("{added}"));
            if added["results"][0]["event"] == "ADD" {
                self.model.memories.insert(id.to_owned(), place);
            }
        }
    }

    /// Who was put out of use needs a new login; the harness makes no difference, so they use a key from then on.
    async fn set_active(&mut self, person: usize, active: bool) {
        if self.model.inactive.contains(&person) != active {
            return;
        }
        let verb = if active { "reactivate" } else { "deactivate" };
        let path = format!("/v1/users/{}/{verb}", self.people[person].user);
        self.owner.call(Method::POST, &path, None).await.ok();
        if active {
            self.model.inactive.remove(&person);
            self.people[person] = self.people[person].with_api_key().await;
        } else {
            self.model.inactive.insert(person);
        }
    }

    /// Everybody finds what the model says, by listing and by searching.
    async fn compare(&self, after: &Step) {
        for (number, person) in self.people.iter().enumerate() {
            let list =
                person.post("/v3/memories/?page_size=1000", json!({ "filters": {}, "scope": "all" })).await;
            if self.model.inactive.contains(&number) {
                list.assert_status(401);
                continue;
            }
            let expected = self.model.visible(number);
            assert_eq!(ids(&list.ok()), expected, "person {number} lists, after {after:?}\n{:?}", self.model);
            let query = json!({ "query": "walrus herring", "scope": "all", "top_k": 1000, "threshold": 0.0 });
            let found = person.post("/v3/memories/search/", query).await.ok();
            assert_eq!(ids(&found), expected, "person {number} searches, after {after:?}\n{:?}", self.model);
        }
    }
}

fn ids(answer: &Value) -> BTreeSet<String> {
    let results = answer["results"].as_array().unwrap_or_else(|| panic!("{answer}"));
    results.iter().map(|memory| memory["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn everybody_sees_what_the_model_says_after_any_sequence_of_changes() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 5, max_shrink_iters: 30, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, seeded());
    let checked = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let mut pair = Pair::new().await;
            for step in &steps {
                pair.perform(step).await;
                pair.compare(step).await;
            }
        });
        Ok(())
    });
    checked.unwrap_or_else(|failure| panic!("{failure}"));
}
