//! Steps about sharing and approving.

use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};
use shared::memory::Permission;

use super::Pair;
use crate::harness::Client as _;
use crate::visibility::model::{Place, Request, Shared, Status, Wish};
use crate::visibility::steps::{Sharing, Step};

/// What the rule of a node says.
const ESCALATES: TimeDelta = TimeDelta::hours(48);
const EXPIRES: TimeDelta = TimeDelta::hours(72);

impl Pair {
    pub(super) async fn perform_sharing(&mut self, step: &Step) {
        match step {
            Step::Share(sharing) => {
                if let Some((person, wish)) = self.wish(sharing) {
                    self.share(person, wish).await;
                }
            }
            Step::Revoke { person, share } if !self.shares.is_empty() => {
                let person = self.person(*person);
                let can = (0..self.shares.len()).filter(|share| self.model.revoke(person, *share) == 200);
                if let Some(share) = Self::choose(*share, can, self.shares.len()) {
                    self.revoke(person, share).await;
                }
            }
            Step::Rule { node } => self.set_rule(self.node_or_root(*node)).await,
            Step::Approve { person, request }
            | Step::Deny { person, request }
            | Step::Withdraw { person, request }
                if !self.requests.is_empty() =>
            {
                let open = (0..self.requests.len()).filter(|request| {
                    let requests = &self.model.requests;
                    requests[*request].status == Status::Pending
                });
                let Some(request) = Self::choose(*request, open, self.requests.len()) else { return };
                let able = (0..self.people.len()).filter(|person| match step {
                    Step::Approve { .. } => self.model.approve(*person, request) == 200,
                    Step::Deny { .. } => self.model.deny(*person, request) == 200,
                    _ => self.model.withdraw(*person, request) == 200,
                });
                let Some(person) = Self::choose(*person, able, self.people.len()) else { return };
                self.decide(step, person, request).await;
            }
            _ => {}
        }
    }

    /// As requests name it.
    pub(super) fn label(&self, place: Place) -> String {
        match place {
            Place::Personal(person) => format!("person:{}", self.people[person].user),
            Place::Node(node) => self.nodes[node].label(),
            Place::Context(context) => format!("context:{}", self.contexts[context]),
            Place::Enterprise => "enterprise".to_owned(),
            Place::Public => "public".to_owned(),
        }
    }

    /// Every other time by somebody who was given something, who rather shares that.
    fn wish(&self, sharing: &Sharing) -> Option<(usize, Wish)> {
        let all = self.people.len();
        let given: Vec<Vec<usize>> = (0..all).map(|person| self.model.given(person)).collect();
        let receivers = (0..all).filter(|person| !given[*person].is_empty());
        let person = Self::choose(sharing.person, receivers, all)?;
        let likely = given[person].iter().copied().chain(self.model.visible(person));
        let memory = Self::choose(sharing.memory, likely, self.memories.len())?;
        let until = sharing.hours.map(|hours| self.model.now + TimeDelta::hours(hours));
        let wish = |with| Wish {
            memory,
            with,
            permission: match (sharing.permission, with) {
                // What is pinned can be read; who asks for more is refused, which need not be tried as often.
                (Permission::Admin, Place::Context(_)) => Permission::Read,
                (permission, _) => permission,
            },
            may_reshare: sharing.may_reshare,
            until,
        };
        let places = self.places(0..all);
        // Rather somebody for whom others have to agree.
        let asks = |number: &usize| {
            let shared = self.model.share(person, &wish(places[*number]));
            matches!(shared, Ok(Shared::Asked { .. }))
        };
        let with = Self::choose(sharing.with, (0..places.len()).filter(asks), places.len())?;
        Some((person, wish(places[with])))
    }

    pub(super) async fn share(&mut self, person: usize, wish: Wish) {
        let Wish { memory, with, permission, may_reshare, until } = wish;
        let body = json!({
            "with": self.label(with), "permission": permission, "may_reshare": may_reshare,
            "expires_at": until.map(|until| until.to_rfc3339_opts(SecondsFormat::Micros, true)),
        });
        let path = format!("/v1/memories/{}/shares/", self.memories[memory]);
        let answer = self.people[person].post(&path, body).await;
        match self.model.share(person, &wish) {
            Err(status) => drop(answer.assert_status(status)),
            Ok(Shared::Now { via }) => {
                let id = id(&answer.assert_status(201).json()["share"]);
                let number = self.model.grant(person, &wish, via);
                self.note_share(number, id);
            }
            Ok(Shared::Asked { node, above }) => {
                let id = id(&answer.assert_status(202).json()["approval"]);
                let now = self.model.now;
                self.model.ask_anew(person, &wish);
                self.model.requests.push(Request {
                    by: person,
                    wish,
                    version: self.model.memories[&memory].version,
                    home: self.model.memories[&memory].home,
                    far: self.model.farthest(&wish),
                    node,
                    escalates_at: if above { now } else { now + ESCALATES },
                    expires_at: now + EXPIRES,
                    status: Status::Pending,
                });
                self.requests.push(id);
            }
        }
    }

    /// The id of a grant, which is another one after an approval.
    fn note_share(&mut self, number: usize, id: String) {
        match self.shares.get_mut(number) {
            Some(known) => *known = id,
            None => self.shares.push(id),
        }
    }

    /// In the end whatever is shared is shared no longer, as far as there is somebody who can end it.
    pub(in crate::visibility) async fn take_back(&mut self) {
        for number in 0..self.shares.len() {
            let able = (0..self.people.len()).find(|person| {
                let there = self.model.memories.contains_key(&self.model.grants[number].memory);
                there && self.model.revoke(*person, number) == 200
            });
            if let Some(person) = able {
                self.revoke(person, number).await;
            }
        }
        self.take_back_loans().await;
    }

    async fn revoke(&mut self, person: usize, number: usize) {
        let memory = &self.memories[self.model.grants[number].memory];
        let path = format!("/v1/memories/{memory}/shares/{}/", self.shares[number]);
        let answer = self.people[person].delete(&path).await;
        match self.model.revoke(person, number) {
            200 => {
                let ended = self.model.end(number, true);
                assert_eq!(answer.ok()["ended"], ended, "{answer}");
            }
            refused => drop(answer.assert_status(refused)),
        }
    }

    /// A node's rule comes, or goes.
    pub(super) async fn set_rule(&mut self, node: Option<usize>) {
        let rule = json!({
            "directions": ["out", "public"], "escalate_after_hours": ESCALATES.num_hours(),
            "expires_after_hours": EXPIRES.num_hours(),
        });
        let rules = if self.model.rules.remove(&node) { json!([]) } else { json!([rule]) };
        if rules != json!([]) {
            self.model.rules.insert(node);
        }
        let path = format!("{}/sharing-policy", self.path_of(node));
        self.owner().put(&path, json!({ "approvals": rules })).await.ok();
    }

    async fn decide(&mut self, step: &Step, person: usize, number: usize) {
        let (verb, status) = match step {
            Step::Approve { .. } => ("approve", self.model.approve(person, number)),
            Step::Deny { .. } => ("deny", self.model.deny(person, number)),
            _ => ("withdraw", self.model.withdraw(person, number)),
        };
        let path = format!("/v1/approvals/{}/{verb}/", self.requests[number]);
        let body = if verb == "withdraw" { None } else { Some(json!({ "reason": "asked for" })) };
        let answer = self.people[person].call(http::Method::POST, &path, body.as_ref()).await;
        answer.assert_status(status);
        if status != 200 {
            return;
        }
        if verb != "withdraw" {
            self.assert_others_ground(person, number);
        }
        let via = self.model.agreed_via(&self.model.requests[number]);
        self.model.requests[number].status = Status::Closed;
        if verb == "approve" {
            let Request { by, wish, .. } = self.model.requests[number].clone();
            let grant = self.model.grant(by, &wish, via);
            self.model.grants[grant].agreed = true;
            let shared = answer.json();
            self.note_share(
                grant,
                shared["share_id"].as_str().unwrap_or_else(|| panic!("{shared}")).to_owned(),
            );
        }
    }
}

fn id(shared: &Value) -> String {
    shared["id"].as_str().unwrap_or_else(|| panic!("{shared}")).to_owned()
}
