//! Who sees what, as anyone would write it down.

use std::collections::{BTreeMap, BTreeSet};

use shared::access::Role;

/// Where a memory lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The person's own scope.
    Personal(usize),
    /// A node, by its number.
    Node(usize),
    /// The whole enterprise.
    Enterprise,
    /// Everyone, members of anything or not.
    Public,
}

/// A tenant. Nodes and people are numbers; the node none is the enterprise.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Each node's parent.
    pub(super) parents: BTreeMap<usize, Option<usize>>,
    /// Who holds which role where.
    pub(super) roles: BTreeMap<(usize, Option<usize>), Role>,
    pub(super) inactive: BTreeSet<usize>,
    /// Each memory's place.
    pub(super) memories: BTreeMap<String, Place>,
}

impl Model {
    /// From the node up to the enterprise.
    fn path(&self, node: Option<usize>) -> Vec<Option<usize>> {
        let mut path = vec![node];
        let mut next = node;
        while let Some(node) = next {
            next = self.parents[&node];
            path.push(next);
        }
        path
    }

    /// Whether one is the other or above it.
    pub(super) fn is_above(&self, above: Option<usize>, node: Option<usize>) -> bool {
        self.path(node).contains(&above)
    }

    /// The highest role over the path.
    pub(super) fn role(&self, person: usize, node: Option<usize>) -> Option<Role> {
        self.path(node).into_iter().filter_map(|above| self.roles.get(&(person, above))).max().copied()
    }

    /// What one is a member of, everything below it and everything above it.
    pub(super) fn reads(&self, person: usize, node: Option<usize>) -> bool {
        let held = self.roles.keys().filter(|(who, _)| *who == person).map(|(_, held)| *held);
        held.into_iter().any(|held| self.is_above(held, node) || self.is_above(node, held))
    }

    fn sees(&self, person: usize, place: Place) -> bool {
        match place {
            Place::Personal(owner) => owner == person,
            Place::Node(node) => self.reads(person, Some(node)),
            Place::Enterprise => self.reads(person, None),
            Place::Public => true,
        }
    }

    /// Everything that somebody sees.
    pub(super) fn visible(&self, person: usize) -> BTreeSet<String> {
        let visible = self.memories.iter().filter(|(_, place)| self.sees(person, **place));
        visible.map(|(id, _)| id.clone()).collect()
    }

    /// The status that adding there is answered with.
    pub(super) fn add(&self, person: usize, place: Place) -> u16 {
        let role = match place {
            Place::Personal(_) => Some(Role::Owner),
            Place::Node(node) => self.role(person, Some(node)),
            Place::Enterprise | Place::Public => self.role(person, None),
        };
        match () {
            () if !self.sees(person, place) => 404,
            () if role.is_none_or(|role| role < Role::Member) => 403,
            () => 200,
        }
    }

    /// Whether a node holds neither memories nor nodes.
    pub(super) fn is_empty(&self, node: usize) -> bool {
        !self.parents.values().any(|parent| *parent == Some(node))
            && !self.memories.values().any(|place| *place == Place::Node(node))
    }
}
