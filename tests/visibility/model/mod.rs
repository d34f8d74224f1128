//! A model of who sees what: sets and rules, without a database, a cache or a projection.
//!
//! The tree and its roles are here, sharing is in [`sharing`] and its chains in [`chains`], approvals are in
//! [`approvals`] and those who decide in another's place in [`delegates`], contexts in [`contexts`] and those
//! that are shared in [`loans`], moved memories in [`homes`], and what ended nodes and people who left leave behind in [`succession`].

mod approvals;
mod chains;
mod contexts;
mod delegates;
mod homes;
mod loans;
mod sharing;
mod succession;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use shared::access::{Audience, Classification, Role, ScopeKind};

pub(super) use approvals::{Request, Status};
pub(super) use contexts::Member;
pub(super) use delegates::Delegation;
pub(super) use loans::Loan;
pub(super) use sharing::{Grant, Shared, Wish};
pub(super) use succession::RETENTION;

/// Where a memory lives, or whom it is shared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A person's own scope.
    Personal(usize),
    /// A node, by its number.
    Node(usize),
    /// A context, by its number.
    Context(usize),
    /// The whole enterprise.
    Enterprise,
    /// Everyone, members of anything or not.
    Public,
}

/// A node: what it is, and what it hangs below; none: the enterprise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) kind: ScopeKind,
    pub(super) parent: Option<usize>,
}

/// Who holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    Person(usize),
    /// The one group that there is.
    Group,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    pub(super) home: Place,
    pub(super) author: usize,
    pub(super) class: Classification,
    /// How often it was changed.
    pub(super) version: usize,
    /// When what it says was.
    pub(super) said: i64,
}

/// A tenant. Nodes, contexts, people, memories, grants and requests are numbers; the node none is the enterprise.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) now: DateTime<Utc>,
    pub(super) nodes: BTreeMap<usize, Spot>,
    pub(super) roles: BTreeMap<(Holder, Option<usize>), Role>,
    /// Who belongs to the group.
    pub(super) group: BTreeSet<usize>,
    /// Who is in which context.
    pub(super) contexts: BTreeMap<usize, BTreeMap<usize, Member>>,
    /// Whose account is out of use, and since when.
    pub(super) inactive: BTreeMap<usize, DateTime<Utc>>,
    /// Of whom nothing is kept any more.
    pub(super) forgotten: BTreeSet<usize>,
    pub(super) memories: BTreeMap<usize, Memory>,
    pub(super) grants: Vec<Grant>,
    /// Contexts that are shared.
    pub(super) loans: Vec<Loan>,
    /// Who could ever share which memory by their role, or came to do so in the place of one who could.
    pub(super) sharers: BTreeSet<(usize, usize)>,
    /// Nodes whose rule is that their admins agree to what leaves an organization.
    pub(super) rules: BTreeSet<Option<usize>>,
    pub(super) requests: Vec<Request>,
    pub(super) delegations: Vec<Delegation>,
}

impl Model {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            now,
            nodes: BTreeMap::new(),
            roles: BTreeMap::new(),
            group: BTreeSet::new(),
            contexts: BTreeMap::new(),
            inactive: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            memories: BTreeMap::new(),
            grants: Vec::new(),
            loans: Vec::new(),
            sharers: BTreeSet::new(),
            rules: BTreeSet::new(),
            requests: Vec::new(),
            delegations: Vec::new(),
        }
    }

    /// From the node up to the enterprise; empty for a node that was deleted.
    fn path(&self, node: Option<usize>) -> Vec<Option<usize>> {
        let mut path = vec![node];
        let mut next = node;
        while let Some(node) = next {
            let Some(spot) = self.nodes.get(&node) else { return Vec::new() };
            next = spot.parent;
            path.push(next);
        }
        path
    }

    /// Whether one is the other or above it.
    pub(super) fn is_above(&self, above: Option<usize>, node: Option<usize>) -> bool {
        self.path(node).contains(&above)
    }

    /// The roles that somebody holds on nodes themselves, also through the group.
    fn held(&self, person: usize) -> Vec<(Option<usize>, Role)> {
        let counts = |holder: &Holder| match holder {
            Holder::Person(who) => *who == person,
            Holder::Group => self.group.contains(&person),
        };
        let held = self.roles.iter().filter(|((holder, _), _)| counts(holder));
        held.map(|((_, node), role)| (*node, *role)).collect()
    }

    /// The highest role over the path; one is the owner of oneself.
    fn role(&self, person: usize, place: Place) -> Option<Role> {
        let path = match place {
            Place::Personal(owner) => return (owner == person).then_some(Role::Owner),
            Place::Context(context) => return Some(self.contexts.get(&context)?.get(&person)?.role),
            Place::Node(node) => self.path(Some(node)),
            Place::Enterprise | Place::Public => vec![None],
        };
        self.held(person).into_iter().filter(|(node, _)| path.contains(node)).map(|(_, role)| role).max()
    }

    /// What one holds a role on, everything below it and everything above it; contexts that one is in; oneself; and what is
    /// everyone's.
    pub(super) fn reads(&self, person: usize, place: Place) -> bool {
        let node = match place {
            Place::Personal(owner) => return owner == person,
            Place::Context(_) => return self.role(person, place).is_some(),
            Place::Public => return true,
            Place::Node(node) => Some(node),
            Place::Enterprise => None,
        };
        let held = self.held(person);
        held.into_iter().any(|(held, _)| self.is_above(held, node) || self.is_above(node, held))
    }

    /// Where somebody sees a memory: where it lives, whom it is shared with, and whom a context is shared with that it is in.
    fn reached(&self, memory: usize) -> Vec<Place> {
        let live = self.grants.iter().filter(|grant| grant.memory == memory && self.is_live(grant));
        let places = live.map(|grant| grant.with).chain([self.memories[&memory].home]);
        places.flat_map(|place| self.lent(place).chain([place])).collect()
    }

    pub(super) fn sees(&self, person: usize, memory: usize) -> bool {
        self.memories.contains_key(&memory)
            && self.reached(memory).into_iter().any(|place| self.reads(person, place))
    }

    /// Everything that somebody sees.
    pub(super) fn visible(&self, person: usize) -> BTreeSet<usize> {
        self.memories.keys().copied().filter(|memory| self.sees(person, *memory)).collect()
    }

    /// What they see with a key that is narrowed to a node, or to the enterprise, and to what is internal at most.
    pub(super) fn visible_within(&self, person: usize, node: Option<usize>) -> BTreeSet<usize> {
        let below = |place| match place {
            Place::Node(other) => self.is_above(node, Some(other)),
            // It hangs below nothing.
            Place::Context(_) => false,
            Place::Personal(_) | Place::Enterprise | Place::Public => node.is_none(),
        };
        let within = |place| below(place) && self.reads(person, place);
        let ids = self.memories.iter().filter(|(_, memory)| memory.class <= Classification::Internal);
        ids.map(|(id, _)| *id).filter(|id| self.reached(*id).into_iter().any(within)).collect()
    }

    fn audience(&self, place: Place) -> Audience {
        match place {
            Place::Personal(_) => Audience::Person,
            Place::Node(node) => self.nodes[&node].kind.into(),
            Place::Context(_) => Audience::Team,
            Place::Enterprise => Audience::Enterprise,
            Place::Public => Audience::Public,
        }
    }

    /// The status that adding there is answered with, and the class that it has then.
    pub(super) fn add(
        &self,
        person: usize,
        place: Place,
        class: Option<Classification>,
    ) -> Result<Classification, u16> {
        let default = if place == Place::Public { Classification::Public } else { Classification::Internal };
        let class = class.unwrap_or(default);
        match () {
            () if self.inactive.contains_key(&person) => Err(401),
            () if !self.reads(person, place) => Err(404),
            () if self.role(person, place) < Some(Role::Member) => Err(403),
            () if self.audience(place) > widest(class) => Err(403),
            () if self.shows_too_much(person, place, class) => Err(403),
            () if self.must_ask_members(person, place) => Err(403),
            () => Ok(class),
        }
    }

    /// What is at least confidential and seen in another organization than it belongs to: that of its node; what is somebody's
    /// own belongs to those of its author.
    pub(super) fn is_abroad(&self, id: usize) -> bool {
        let memory = self.memories[&id];
        let belongs = |top: usize| match memory.home {
            Place::Node(home) => self.top(home) == top,
            Place::Personal(_) | Place::Context(_) => self.organizations(memory.author).contains(&top),
            Place::Enterprise | Place::Public => true,
        };
        let away = |place: &Place| matches!(place, Place::Node(node) if !belongs(self.top(*node)));
        memory.class >= Classification::Confidential && self.reached(id).iter().any(away)
    }

    /// Whether anything that is seen in a node, or below it, is seen in another organization once the tree is as in the other
    /// state, and was not before.
    pub(super) fn goes_abroad(&self, node: usize, after: &Self) -> bool {
        let below = |place: &Place| matches!(place, Place::Node(it) if self.is_above(Some(node), Some(*it)));
        let mut there = self.memories.keys().filter(|id| self.reached(**id).iter().any(below));
        there.any(|id| after.is_abroad(*id) && !self.is_abroad(*id))
    }

    /// The status that hanging a node below another is answered with, if it may stand there.
    pub(super) fn may_move(&self, node: usize, parent: Option<usize>) -> u16 {
        let mut after = self.clone();
        after.nodes.entry(node).and_modify(|spot| spot.parent = parent);
        if self.is_above(Some(node), parent) || self.goes_abroad(node, &after) { 409 } else { 200 }
    }

    /// Whether it was not deleted.
    fn exists(&self, place: Place) -> bool {
        match place {
            Place::Node(node) => self.nodes.contains_key(&node),
            Place::Context(context) => self.contexts.contains_key(&context),
            Place::Personal(_) | Place::Enterprise | Place::Public => true,
        }
    }

    /// Whether a node holds nothing: no nodes, no memories, none that are shared with it.
    pub(super) fn is_empty(&self, node: usize) -> bool {
        !self.nodes.values().any(|spot| spot.parent == Some(node))
            && !self.memories.keys().any(|id| self.reached(*id).contains(&Place::Node(node)))
    }

    /// Takes an empty node away, with the roles held on it and whatever was once shared with it.
    pub(super) fn delete(&mut self, node: usize) {
        self.nodes.remove(&node);
        self.roles.retain(|(_, held), _| *held != Some(node));
        self.rules.remove(&Some(node));
        self.end_loans(|loan, _| loan.with == Place::Node(node));
        for delegation in self.delegations.iter_mut().filter(|it| it.node == Some(node)) {
            delegation.ended = true;
        }
    }
}

/// The widest audience of a class.
fn widest(class: Classification) -> Audience {
    match class {
        Classification::Public => Audience::Link,
        Classification::Internal => Audience::Enterprise,
        Classification::Confidential => Audience::Organization,
        Classification::Restricted => Audience::Team,
    }
}
