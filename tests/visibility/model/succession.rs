//! What a node or a person leaves behind, and who gets it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use shared::access::{Audience, Classification, Role, ScopeKind};
use shared::tenancy::nodes::Members;
use shared::tenancy::nodes::placement::may_stand_below;

use super::approvals::Status;
use super::{Holder, Model, Place, widest};

/// How long what leavers remembered is kept.
pub(crate) const RETENTION: TimeDelta = TimeDelta::days(3);

impl Model {
    /// The status that dissolving a node is answered with.
    pub(crate) fn may_dissolve(&self, node: usize, heir: Option<usize>) -> u16 {
        let to = place(heir);
        let kind = heir.map_or(ScopeKind::Enterprise, |heir| self.nodes[&heir].kind);
        let held = self.memories.iter().filter(|(id, _)| self.reached(**id).contains(&Place::Node(node)));
        let too_many = held.into_iter().any(|(_, memory)| self.audience(to) > widest(memory.class));
        let mut below = self.nodes.values().filter(|spot| spot.parent == Some(node));
        match () {
            () if self.is_above(Some(node), heir) || too_many || self.goes_abroad_into(node, heir) => 409,
            () if below.any(|spot| !may_stand_below(spot.kind, kind)) => 400,
            () => 200,
        }
    }

    fn goes_abroad_into(&self, node: usize, heir: Option<usize>) -> bool {
        let mut after = self.clone();
        after.dissolve(node, heir, Members::Move);
        self.goes_abroad(node, &after)
    }

    /// Whether a key that is narrowed to a node goes along to the heir: only where it does not get wider by it.
    pub(crate) fn key_follows(&self, node: usize, heir: Option<usize>) -> bool {
        let wider = self.audience(place(heir)) > self.audience(Place::Node(node));
        !wider && !self.is_above(heir, Some(node))
    }

    /// Everything that a node had is its heir's, and the node is gone.
    pub(crate) fn dissolve(&mut self, node: usize, heir: Option<usize>, members: Members) {
        let (from, to) = (Place::Node(node), place(heir));
        for memory in self.memories.values_mut().filter(|memory| memory.home == from) {
            memory.home = to;
        }
        self.hand_over_grants(from, to, |_| true);
        self.hand_over_loans(from, to);
        self.hand_over_roles(node, heir, members);
        for spot in self.nodes.values_mut().filter(|spot| spot.parent == Some(node)) {
            spot.parent = heir;
        }
        self.hand_over_requests(node, heir);
        // With those who gave them.
        if members != Members::Leave {
            for delegation in self.delegations.iter_mut().filter(|it| it.node == Some(node)) {
                delegation.node = heir;
            }
        }
        self.delete(node);
    }

    /// Of a dissolution that was cancelled: these memories are the heir's with their shares, contexts are shared with it, which come
    /// first, and nothing else is.
    pub(crate) fn dissolve_partly(&mut self, node: usize, heir: Option<usize>, moved: &BTreeSet<usize>) {
        let (from, to) = (Place::Node(node), place(heir));
        for (_, memory) in self.memories.iter_mut().filter(|(id, it)| it.home == from && moved.contains(*id))
        {
            memory.home = to;
        }
        self.hand_over_grants(from, to, |memory| moved.contains(&memory));
        self.hand_over_loans(from, to);
    }

    /// Who shared the same with both shares it once; what is over by now is.
    fn hand_over_grants(&mut self, from: Place, to: Place, concerned: impl Fn(usize) -> bool) {
        let now = self.now;
        for grant in self.grants.iter_mut().filter(|grant| [from, to].contains(&grant.with)) {
            grant.ended |= concerned(grant.memory) && grant.until.is_some_and(|until| until <= now);
        }
        let mut numbers: Vec<usize> = (0..self.grants.len()).collect();
        numbers.sort_by_key(|number| self.grants[*number].since);
        for number in numbers {
            let grant = self.grants[number].clone();
            if grant.with != from || !concerned(grant.memory) {
                continue;
            }
            let same = self.grants.iter().position(|other| {
                !other.ended && (other.memory, other.by, other.with) == (grant.memory, grant.by, to)
            });
            let same = same.filter(|_| !grant.ended);
            if let Some(other) = same {
                self.merge(number, other);
            }
            self.grants[number].with = to;
        }
    }

    fn hand_over_roles(&mut self, node: usize, heir: Option<usize>, members: Members) {
        let held: Vec<(Holder, Role)> = self
            .roles
            .iter()
            .filter(|((_, held), _)| *held == Some(node))
            .map(|((holder, _), role)| (*holder, *role))
            .collect();
        for (holder, role) in held {
            let role = match members {
                Members::Leave => continue,
                Members::MoveAsViewers => Role::Viewer,
                Members::Move => role,
            };
            let known = self.roles.entry((holder, heir)).or_insert(role);
            *known = (*known).max(role);
        }
    }

    /// The heir's people decide from now on; what was to be shared with the node is not.
    fn hand_over_requests(&mut self, node: usize, heir: Option<usize>) {
        let (from, to) = (Place::Node(node), place(heir));
        for number in 0..self.requests.len() {
            let request = self.requests[number].clone();
            let pointless = request.wish.with == from || (request.home == from && request.wish.with == to);
            let mut others = self.everybody().into_iter().filter(|other| *other != request.by);
            let decided_there =
                others.any(|it| !self.inactive.contains_key(&it) && self.holds(it, heir, false));
            let now = self.now;
            let request = &mut self.requests[number];
            if pointless && request.status == Status::Pending {
                request.status = Status::Closed;
            }
            if request.node == Some(node) {
                request.node = heir;
                if !decided_there && request.escalates_at > now {
                    request.escalates_at = now;
                }
            }
            if request.home == from {
                request.home = to;
            }
        }
    }

    /// The status that handing over what somebody left is answered with.
    pub(crate) fn may_reassign(&self, leaver: usize, heir: Place) -> u16 {
        match heir {
            _ if !self.inactive.contains_key(&leaver) => 409,
            Place::Personal(heir) if heir == leaver || self.inactive.contains_key(&heir) => 409,
            // The first of them hands everything over, and gets nothing.
            Place::Personal(0) => 403,
            Place::Context(_) if !self.reads(0, heir) => 404,
            Place::Context(_) | Place::Public => 400,
            // Where nobody else is at home, nobody else would read them.
            Place::Node(_) | Place::Enterprise if !self.has_others(heir) => 403,
            _ => 200,
        }
    }

    /// Whether somebody beside the first of them holds a role there or below.
    fn has_others(&self, place: Place) -> bool {
        let top = if let Place::Node(node) = place { Some(node) } else { None };
        let mut others = self.everybody().into_iter().filter(|it| *it > 0 && !self.inactive.contains_key(it));
        others.any(|it| self.held(it).into_iter().any(|(node, _)| self.is_above(top, node)))
    }

    /// What was somebody's own is the heir's, unless so many may not see it, there or in another organization, or it is
    /// confidential and its author did not belong there; how many memories, how many stay, and how many contexts went
    /// along to a person.
    pub(crate) fn reassign(&mut self, leaver: usize, heir: Place) -> (usize, usize, usize) {
        let audience: Audience = self.audience(heir);
        let (mut moved, mut kept) = (0, 0);
        let own = self.memories.iter().filter(|(_, it)| it.home == Place::Personal(leaver));
        for id in own.map(|(id, _)| *id).collect::<Vec<_>>() {
            let memory = self.memories[&id];
            let mut after = self.clone();
            after.memories.get_mut(&id).unwrap().home = heir;
            let away = |node| !self.organizations(memory.author).contains(&self.top(node));
            let confined = memory.class >= Classification::Confidential;
            let away = matches!(heir, Place::Node(node) if confined && away(node));
            if audience > widest(memory.class) || away || after.is_abroad(id) {
                kept += 1;
            } else {
                *self = after;
                moved += 1;
            }
        }
        let contexts = match heir {
            Place::Personal(heir) => self.inherit_contexts(leaver, heir),
            _ => 0,
        };
        (moved, kept, contexts)
    }

    /// Whoever left so long ago is forgotten.
    pub(crate) fn forget_leavers(&mut self) {
        let due = self
            .inactive
            .iter()
            .filter(|(leaver, since)| **since + RETENTION <= self.now && !self.forgotten.contains(*leaver));
        let mut due: Vec<(DateTime<Utc>, usize)> = due.map(|(leaver, since)| (*since, *leaver)).collect();
        due.sort_unstable();
        for (_, leaver) in due {
            self.forget(leaver);
        }
    }

    /// What was theirs, and what is in contexts in which nobody else is, goes to those whom it was shared with for good, to nodes
    /// before people; the rest is gone.
    fn forget(&mut self, leaver: usize) {
        let gone = |person: &usize| *person == leaver || self.forgotten.contains(person);
        let lonely = self
            .contexts
            .iter()
            .filter(|(_, members)| members.contains_key(&leaver) && members.keys().all(gone));
        let lonely: Vec<usize> = lonely.map(|(context, _)| *context).collect();
        let homes: Vec<Place> =
            lonely.iter().map(|context| Place::Context(*context)).chain([Place::Personal(leaver)]).collect();
        let left = self.memories.iter().filter(|(_, memory)| homes.contains(&memory.home));
        for id in left.map(|(id, _)| *id).collect::<Vec<_>>() {
            let given = self.grants.iter().filter(|grant| grant.memory == id && !grant.ended);
            let given = given.filter(|grant| grant.until.is_none()).map(|grant| grant.with);
            let given: Vec<Place> = given.collect();
            let lent = given.iter().copied().chain([self.memories[&id].home]);
            let lent = lent.flat_map(|place| self.live_loans(place)).filter(|loan| loan.until.is_none());
            // Nobody inherits who has left.
            let left = |place: &Place| matches!(place, Place::Personal(it) if self.inactive.contains_key(it));
            let heirs = lent.map(|loan| loan.with).chain(given.iter().copied());
            let heirs = heirs.filter(|place| !homes.contains(place) && !left(place));
            match heirs.min_by_key(precedence) {
                Some(heir) => self.memories.get_mut(&id).unwrap().home = heir,
                None => drop(self.memories.remove(&id)),
            }
        }
        for context in lonely {
            self.end_context(context);
        }
        self.forgotten.insert(leaver);
    }
}

/// Of heirs the first in this order has it: the older one of the same kind.
fn precedence(place: &Place) -> (usize, usize) {
    match place {
        Place::Enterprise => (0, 0),
        Place::Public => (1, 0),
        Place::Node(node) => (2, *node),
        Place::Context(context) => (3, *context),
        Place::Personal(person) => (4, *person),
    }
}

fn place(node: Option<usize>) -> Place {
    node.map_or(Place::Enterprise, Place::Node)
}
