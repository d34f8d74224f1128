//! Moving a memory to another scope.

use shared::access::Role;
use shared::memory::Permission;

use super::{Model, Place, Wish, widest};

impl Model {
    /// The status that letting a memory live elsewhere is answered with: it takes what forgetting it takes where it is, what
    /// adding it takes where it goes, and that sharing it with those there would need nobody's approval.
    pub(crate) fn may_rehome(&self, person: usize, memory: usize, to: Place) -> u16 {
        if self.inactive.contains_key(&person) {
            return 401;
        }
        if !self.sees(person, memory) {
            return 404;
        }
        let class = self.memories[&memory].class;
        let seen_by =
            self.moved(memory, to).reached(memory).into_iter().map(|place| self.audience(place)).max();
        let wish = Wish { memory, with: to, permission: Permission::Read, may_reshare: false, until: None };
        let own = matches!(to, Place::Personal(_));
        match () {
            () if !self.has_role(person, memory) => 403,
            () if !self.reads(person, to) => 404,
            () if to == self.memories[&memory].home => 409,
            () if self.role(person, to) < Some(Role::Member) => 403,
            () if seen_by > Some(widest(class)) => 403,
            // What somebody else added does not become one's own.
            () if own && self.memories[&memory].author != person => 403,
            // Under the rules of a node it stays.
            () if self.leaves_rules(memory, to) => 403,
            () if self.is_abroad_at(memory, to) => 403,
            () if !own && self.is_too_confidential(&wish) => 403,
            () if !own && self.rule_for(&wish).is_some() => 403,
            () => 200,
        }
    }

    fn leaves_rules(&self, memory: usize, to: Place) -> bool {
        let there = self.rules_over(to);
        self.rules_over(self.memories[&memory].home).iter().any(|node| !there.contains(node))
    }

    /// Whether it would be seen in another organization than it would belong to.
    fn is_abroad_at(&self, memory: usize, to: Place) -> bool {
        self.moved(memory, to).is_abroad(memory)
    }

    fn moved(&self, memory: usize, to: Place) -> Self {
        let mut after = self.clone();
        after.rehome(memory, to);
        after
    }

    /// Where it lives now it need not be shared with; with all others it stays shared.
    pub(crate) fn rehome(&mut self, memory: usize, to: Place) {
        self.end_needless(memory, to);
        if let Some(memory) = self.memories.get_mut(&memory) {
            memory.home = to;
            memory.version += 1;
        }
    }
}
