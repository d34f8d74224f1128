//! The product, and the model beside it: every step is done to both.
//!
//! What everybody finds afterwards is compared in [`compare`]; steps about sharing are in [`sharing`].

mod compare;
mod people;
mod sharing;

use proptest::sample::Index;
use serde_json::json;
use shared::access::{Classification, Role, ScopeKind};
use shared::memory::Permission;

use super::model::{Holder, Memory, Model, Place, Spot};
use super::steps::Step;
use crate::harness::{Actor, Client as _, Node, TestApp};

/// People besides the owner when it begins. Nobody else knows of the tenant beside them.
const PEOPLE: usize = 3;
/// People at most: the others are invited.
const MOST_PEOPLE: usize = 6;
/// With these the tree is as deep as it can be.
const MOST_NODES: usize = 7;

pub(super) struct Pair {
    app: TestApp,
    /// Person 0 is the owner.
    people: Vec<Actor>,
    /// A key of somebody's that is narrowed to a node, and whose, and to which; until their account is out of use.
    key: Actor,
    narrowed: Option<(usize, usize)>,
    nodes: Vec<Node>,
    memories: Vec<String>,
    shares: Vec<String>,
    requests: Vec<String>,
    group: String,
    model: Model,
    /// How many steps were done.
    steps: usize,
}

impl Pair {
    /// An organization with a division, a team in that and a team beside it, another organization, and people who know some of
    /// it.
    ///
    /// `fault` is SQL that breaks the product.
    pub(super) async fn new(fault: Option<&str>) -> Self {
        let app = TestApp::new().await;
        if let Some(fault) = fault {
            app.database().superuser().await.batch_execute(fault).await.unwrap();
        }
        let owner = app.owner("owner").await;
        // Somebody else's memory, which nobody here must ever see.
        let elsewhere = app.owner("elsewhere").await;
        let body = json!({ "messages": "The walrus of another tenant", "infer": false, "scope": "public" });
        elsewhere.post("/v3/memories/add/", body).await.ok();
        let mut people = vec![owner.clone()];
        for number in 1..=PEOPLE {
            people.push(owner.stranger(&format!("person{number}")).await);
        }
        let group = owner.post("/v1/enterprise/groups", json!({ "name": "group" })).await.ok();
        let mut pair = Self {
            model: Model::new(app.now()),
            key: owner.clone(),
            narrowed: None,
            app,
            people,
            nodes: Vec::new(),
            memories: Vec::new(),
            shares: Vec::new(),
            requests: Vec::new(),
            steps: 0,
            group: group["id"].as_str().unwrap().to_owned(),
        };
        pair.model.roles.insert((Holder::Person(0), None), Role::Owner);
        pair.furnish().await;
        pair
    }

    async fn furnish(&mut self) {
        let top = self.found(None, ScopeKind::Organization).await;
        let division = self.found(Some(top), ScopeKind::Division).await;
        let team = self.found(Some(division), ScopeKind::Team).await;
        let beside = self.found(None, ScopeKind::Organization).await;
        let sibling = self.found(Some(top), ScopeKind::Team).await;
        self.join(1, Some(division), Role::Member).await;
        self.join(2, Some(beside), Role::Admin).await;
        self.join(3, Some(sibling), Role::Viewer).await;
        self.set_rule(None).await;
        for (person, place) in [(1, Place::Node(division)), (0, Place::Node(team)), (2, Place::Personal(2))] {
            self.add(person, place, None).await;
        }
        let (person, node) = (1, division);
        let limits = json!({
            "name": "narrow", "scopes": ["memories:read"], "within": [self.nodes[node].label()], "ceiling": "internal",
        });
        let key = self.people[person].post("/v1/api-keys", limits).await.ok();
        self.key = self.people[person].with_key(&key);
        self.narrowed = Some((person, node));
    }

    fn owner(&self) -> &Actor {
        &self.people[0]
    }

    async fn found(&mut self, parent: Option<usize>, kind: ScopeKind) -> usize {
        let number = self.nodes.len();
        let name = format!("node {number}");
        let node = match parent {
            None => self.owner().node(kind, &name).await,
            Some(parent) => self.owner().node_in(&self.nodes[parent], kind, &name).await,
        };
        self.nodes.push(node);
        self.model.nodes.insert(number, Spot { kind, parent });
        number
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
            Step::Found { parent, team } => {
                let parent = self.node_or_root(*parent);
                let below = parent.map(|parent| self.model.nodes[&parent].kind);
                let kind = match below {
                    None => ScopeKind::Organization,
                    Some(ScopeKind::Team) => return,
                    Some(_) if *team => ScopeKind::Team,
                    Some(_) => ScopeKind::Division,
                };
                if self.model.nodes.len() < MOST_NODES {
                    self.found(parent, kind).await;
                }
            }
            Step::Move { node, parent } => {
                if let Some(node) = self.node(*node) {
                    self.relocate(node, self.node_or_root(*parent)).await;
                }
            }
            Step::Delete { node } => {
                if let Some(node) = self.node(*node) {
                    self.delete(node).await;
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

    async fn relocate(&mut self, node: usize, to: Option<usize>) {
        let parent = to.map(|to| self.nodes[to].id);
        let path = format!("{}/move", self.path_of(Some(node)));
        let answer = self.owner().post(&path, json!({ "parent": parent })).await;
        let organization = |node: usize| self.model.nodes[&node].kind == ScopeKind::Organization;
        let fits = match to {
            None => organization(node),
            Some(to) if organization(node) => organization(to),
            Some(to) => self.model.nodes[&to].kind != ScopeKind::Team,
        };
        match () {
            () if self.model.nodes[&node].parent == to => drop(answer.ok()),
            () if !fits => drop(answer.assert_status(400)),
            () if self.model.is_above(Some(node), to) => drop(answer.assert_status(409)),
            () => {
                answer.ok();
                self.model.nodes.get_mut(&node).unwrap().parent = to;
            }
        }
    }

    async fn delete(&mut self, node: usize) {
        // What was shared until yesterday is in the way until somebody has tidied up.
        self.tidy().await;
        let answer = self.owner().delete(&self.path_of(Some(node))).await;
        if self.model.is_empty(node) {
            answer.ok();
            self.model.delete(node);
        } else {
            answer.assert_status(409);
        }
    }
}
