//! Contexts: their members, who owns them after their owners leave, and how they end. Ancestor nodes are not in them.

use chrono::{DateTime, Utc};
use shared::access::Role;
use shared::memory::Permission;

use super::{Model, Place, Wish};

/// Somebody in a context.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) role: Role,
    pub(crate) since: DateTime<Utc>,
}

impl Model {
    /// The status that making one is answered with: whoever holds a role anywhere may.
    pub(crate) fn may_gather(&self, person: usize) -> u16 {
        match () {
            () if self.inactive.contains_key(&person) => 401,
            () if self.held(person).is_empty() => 403,
            () => 201,
        }
    }

    /// Somebody gets a role in one, or another one in its place.
    pub(crate) fn enter(&mut self, person: usize, context: usize, role: Role) {
        let since = self.now;
        let members = self.contexts.entry(context).or_default();
        members.entry(person).and_modify(|member| member.role = role).or_insert(Member { role, since });
    }

    /// The status that letting somebody in, or giving them another role, is answered with.
    pub(crate) fn may_enter(&self, by: usize, person: usize, context: usize, role: Role) -> u16 {
        if let Err(status) = self.manage(by, person, context) {
            return status;
        }
        let place = Place::Context(context);
        match self.role(person, place) {
            _ if Some(role) > self.role(by, place) => 403,
            None if self.inactive.contains_key(&person) => 409,
            None if self.must_be_asked(person, context) => 403,
            None => 201,
            Some(before) if before != role && self.owns_alone(person, context) => 409,
            Some(_) => 200,
        }
    }

    /// Whether somebody has to agree before another sees all that is in it, and did not when it was pinned.
    fn must_be_asked(&self, person: usize, context: usize) -> bool {
        let place = Place::Context(context);
        let agreed = |memory: usize| {
            let mut pins = self.grants.iter().filter(|it| (it.memory, it.with) == (memory, place));
            pins.any(|pin| pin.agreed && self.is_live(pin))
        };
        let (with, permission) = (Place::Personal(person), Permission::Read);
        let asked = |memory| {
            self.rule_for(&Wish { memory, with, permission, may_reshare: false, until: None }).is_some()
        };
        let mut inside = self.memories.keys().filter(|memory| self.reached(**memory).contains(&place));
        inside.any(|memory| asked(*memory) && !agreed(*memory))
    }

    /// The status that taking somebody out of it, or leaving it, is answered with.
    pub(crate) fn may_depart(&self, by: usize, person: usize, context: usize) -> u16 {
        let place = Place::Context(context);
        let refused = match by == person {
            true if self.inactive.contains_key(&by) => Some(401),
            true if self.role(by, place).is_none() => Some(404),
            true => None,
            false => self.manage(by, person, context).err(),
        };
        match refused {
            Some(status) => status,
            None if self.role(person, place).is_none() => 404,
            None if self.owns_alone(person, context) => 409,
            None => 204,
        }
    }

    /// What managing somebody's part in it is refused with, whatever shall become of that.
    fn manage(&self, by: usize, person: usize, context: usize) -> Result<(), u16> {
        let place = Place::Context(context);
        let own = self.role(by, place);
        match () {
            () if self.inactive.contains_key(&by) => Err(401),
            () if !self.knows(by, place) => Err(404),
            () if own < Some(Role::Admin) || self.role(person, place) > own => Err(403),
            () => Ok(()),
        }
    }

    /// Whether somebody owns it, and nobody else who is there does.
    fn owns_alone(&self, person: usize, context: usize) -> bool {
        self.role(person, Place::Context(context)) == Some(Role::Owner)
            && !self.owners(context).into_iter().any(|owner| owner != person)
    }

    /// Owners whose accounts are in use.
    fn owners(&self, context: usize) -> Vec<usize> {
        let owners = self.contexts[&context].iter().filter(|(_, member)| member.role == Role::Owner);
        owners.map(|(owner, _)| *owner).filter(|owner| !self.inactive.contains_key(owner)).collect()
    }

    /// Whoever leaves is followed by the member of highest role who has been there for longest.
    pub(crate) fn hand_over_contexts(&mut self, leaver: usize) {
        let owned = self.contexts.keys().copied().filter(|context| self.owns_alone(leaver, *context));
        for context in owned.collect::<Vec<_>>() {
            let others = self.contexts[&context].iter();
            let others = others.filter(|(it, _)| **it != leaver && !self.inactive.contains_key(it));
            let next = others.max_by_key(|(it, member)| {
                (member.role, std::cmp::Reverse(member.since), std::cmp::Reverse(**it))
            });
            if let Some((next, _)) = next {
                self.enter(*next, context, Role::Owner);
            }
        }
    }

    /// What a leaver owned and nobody who is there owns goes to an heir; how many.
    pub(super) fn inherit_contexts(&mut self, leaver: usize, heir: usize) -> usize {
        let left = self.contexts.keys().copied().filter(|context| {
            self.role(leaver, Place::Context(*context)) == Some(Role::Owner)
                && self.owners(*context).is_empty()
        });
        let left: Vec<usize> = left.collect();
        for context in &left {
            self.enter(heir, *context, Role::Owner);
        }
        left.len()
    }

    /// The status that deleting it is answered with.
    pub(crate) fn may_end_context(&self, person: usize, context: usize) -> u16 {
        let place = Place::Context(context);
        match () {
            () if self.inactive.contains_key(&person) => 401,
            () if !self.knows(person, place) => 404,
            () if self.role(person, place) < Some(Role::Admin) => 403,
            () if self.memories.values().any(|memory| memory.home == place) => 409,
            () => 204,
        }
    }

    /// What is pinned to it is not any more, nor what was shared on because of that, and it is shared with nobody.
    pub(crate) fn end_context(&mut self, context: usize) {
        self.end_loans(|loan, _| loan.context == context);
        for number in 0..self.grants.len() {
            if self.grants[number].with == Place::Context(context) && !self.grants[number].ended {
                self.end(number, true);
            }
        }
        self.contexts.remove(&context);
    }
}
