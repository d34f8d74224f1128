//! The product and the model: every step is applied to both.
//!
//! They start with the state of [`start`]. [`compare`] compares what everybody finds afterwards, and [`chains`] checks
//! invariants of every share independent of the model. Steps about the tree are in [`tree`], about roles in
//! [`people`], about contexts in [`contexts`] and sharing them in [`loans`], about memories in [`memories`], about sharing in [`sharing`], about
//! delegates in [`delegates`], about heirs in [`succession`].

mod chains;
mod compare;
mod contexts;
mod delegates;
mod loans;
mod memories;
mod people;
mod shared_contexts;
mod sharing;
mod sharing_on;
mod start;
mod succession;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use proptest::sample::Index;

use super::model::{Model, Place};
use super::steps::Step;
use crate::harness::{Actor, Node, TestApp, pack};

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
    contexts: Vec<String>,
    memories: Vec<String>,
    shares: Vec<String>,
    /// The shares of contexts.
    loans: Vec<String>,
    requests: Vec<String>,
    delegations: Vec<String>,
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
        *index.get(&self.places(people))
    }

    fn places(&self, people: impl IntoIterator<Item = usize>) -> Vec<Place> {
        let mut places: Vec<Place> = self.model.nodes.keys().map(|node| Place::Node(*node)).collect();
        places.extend(self.model.contexts.keys().map(|context| Place::Context(*context)));
        places.extend(people.into_iter().map(Place::Personal));
        places.extend([Place::Enterprise, Place::Public]);
        places
    }

    /// One of these or one of all, so that about every other time something can be done.
    fn choose(index: Index, likely: impl IntoIterator<Item = usize>, all: usize) -> Option<usize> {
        let likely: Vec<usize> = likely.into_iter().collect();
        let mut choice: Vec<usize> = (0..all).collect();
        choice.extend(likely.iter().cycle().take(all.max(likely.len())));
        (!choice.is_empty()).then(|| *index.get(&choice))
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
        self.model.note_sharers();
        self.steps += 1;
        match step {
            Step::Add { .. }
            | Step::Revise { .. }
            | Step::Classify { .. }
            | Step::Forget { .. }
            | Step::Rehome { .. } => self.perform_memories(step).await,
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
            Step::Delegate { .. } | Step::EndDelegation { .. } => self.perform_delegates(step).await,
            Step::Found { .. } | Step::Move { .. } | Step::Delete { .. } => self.perform_tree(step).await,
            Step::Gather { .. } | Step::Enter { .. } | Step::Depart { .. } | Step::EndContext { .. } => {
                self.perform_contexts(step).await;
            }
            Step::Lend(_) | Step::EndLoan { .. } => self.perform_loans(step).await,
            Step::Dissolve { .. }
            | Step::CancelDissolution { .. }
            | Step::Reassign { .. }
            | Step::Outlast { .. } => self.perform_succession(step).await,
            _ => self.perform_people(step).await,
        }
    }

    fn pass(&mut self, time: chrono::TimeDelta) {
        self.app.advance(time);
        self.model.now = self.app.now();
    }

    /// Lets searches compare with the vectors in blocks, instead of reading everything.
    pub(super) async fn pack(&self) {
        pack(self.app.database().superuser().await).await;
    }

    /// What jobs do some time later: nothing may depend on when.
    async fn tidy(&mut self) {
        self.model.tidy();
        self.model.forget_leavers();
        while shared::sharing::expiry::end_some(self.app.gate()).await.unwrap() > 0 {}
        shared::sharing::approvals::expire(self.app.gate()).await.unwrap();
        shared::tenancy::users::forget(self.app.gate(), || true).await.unwrap();
    }
}
