//! Delegates: who decides in whose place, on which node, and until when.

use chrono::{DateTime, Utc};
use shared::access::Role;

use super::{Holder, Model, Place, Request};

/// Somebody who decides in another's place.
#[derive(Debug, Clone)]
pub(crate) struct Delegation {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) node: Option<usize>,
    pub(crate) until: DateTime<Utc>,
    /// Whether somebody ended it, or its node is gone.
    pub(crate) ended: bool,
}

impl Model {
    /// The status that letting somebody decide in one's place is answered with.
    pub(crate) fn may_delegate(&self, from: usize, to: usize, node: Option<usize>) -> u16 {
        let place = node.map_or(Place::Enterprise, Place::Node);
        match () {
            () if self.inactive.contains_key(&from) => 401,
            () if !self.reads(from, place) => 404,
            () if from == to => 400,
            () if self.role(from, place) < Some(Role::Admin) => 403,
            () if self.inactive.contains_key(&to) => 409,
            () => 201,
        }
    }

    /// The status that ending it is answered with: for both of them, and for who administers the node.
    pub(crate) fn may_end_delegation(&self, person: usize, number: usize) -> u16 {
        let it = &self.delegations[number];
        let place = it.node.map_or(Place::Enterprise, Place::Node);
        let concerns = [it.from, it.to].contains(&person) || self.role(person, place) >= Some(Role::Admin);
        match () {
            () if self.inactive.contains_key(&person) => 401,
            () if it.ended || !concerns => 404,
            () => 204,
        }
    }

    /// Whether somebody decides in the place of one whose account is in use and who holds the role there, or above it once
    /// those above decide. Whoever asked has no place in that.
    pub(super) fn stands_in(&self, person: usize, request: &Request) -> bool {
        self.delegations.iter().any(|it| {
            let lasts = !it.ended && it.until > self.now && !self.inactive.contains_key(&it.from);
            let there = it.node == request.node && self.holds(it.from, request.node, false);
            let above = self.is_for_those_above(request)
                && self.is_above(it.node, request.node)
                && self.holds(it.from, request.node, true);
            it.to == person && it.from != request.by && lasts && (there || above)
        })
    }

    /// The same world without anything that somebody holds or gave.
    pub(crate) fn without(&self, person: usize) -> Self {
        let mut without = self.clone();
        without.roles.retain(|(holder, _), _| *holder != Holder::Person(person));
        without.group.remove(&person);
        without.delegations.retain(|it| it.from != person);
        without
    }
}
