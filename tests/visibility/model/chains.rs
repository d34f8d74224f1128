//! Chains of shares, starting from people who may share by their role: only from there does anything reach anybody.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use shared::memory::Permission;

use super::{Model, Place, Wish};

/// A way in which somebody may share a memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// Through which grant; none: by their role.
    pub(crate) via: Option<usize>,
    /// To do this at most.
    pub(crate) most: Permission,
    /// And until then.
    pub(crate) until: Option<DateTime<Utc>>,
}

impl Way {
    pub(crate) fn covers(&self, wish: &Wish) -> bool {
        let longer = self.until.is_some_and(|until| wish.until.is_none_or(|wished| wished > until));
        wish.permission <= self.most && !longer
    }
}

impl Model {
    /// By role; or else of the grants that reach somebody without having gone through their own hands the one that gives
    /// most, for longest, of those that do it if any does.
    pub(super) fn way(&self, person: usize, memory: usize, does: impl Fn(&Way) -> bool) -> Option<Way> {
        if self.may_share_by_role(person, memory) {
            return Some(Way { via: None, most: Permission::Admin, until: None });
        }
        let reached = self.reached_without(person, memory).into_iter();
        let ways = reached.filter_map(|(number, hands)| {
            let grant = &self.grants[number];
            let on = grant.may_reshare || grant.permission == Permission::Admin;
            let way = Way { via: Some(number), most: grant.permission, until: grant.until };
            (on && self.reads(person, grant.with)).then_some((way, hands, grant.since))
        });
        let best = ways.max_by_key(|(way, hands, since)| {
            let until = way.until.unwrap_or(DateTime::<Utc>::MAX_UTC);
            (does(way), way.most, until, std::cmp::Reverse(*hands), *since)
        });
        best.map(|(way, ..)| way)
    }

    /// The grants of a memory that there would be without those of this person: each with the hands it went through.
    fn reached_without(&self, person: usize, memory: usize) -> BTreeMap<usize, usize> {
        let theirs = |number: &usize| {
            let grant = &self.grants[*number];
            grant.memory == memory && grant.by != person && self.is_live(grant)
        };
        let others: Vec<usize> = (0..self.grants.len()).filter(theirs).collect();
        let mut reached = BTreeMap::new();
        for hands in 0..others.len() {
            let next = others.iter().filter(|number| match self.grants[**number].via {
                None => hands == 0,
                Some(via) => hands > 0 && reached.get(&via) == Some(&(hands - 1)),
            });
            let next: Vec<usize> = next.copied().collect();
            reached.extend(next.into_iter().map(|number| (number, hands)));
        }
        reached
    }

    /// A grant with those through which it was made, itself first.
    pub(super) fn chain(&self, number: usize) -> Vec<usize> {
        let mut chain = vec![number];
        while let Some(via) = self.grants[chain[chain.len() - 1]].via.filter(|via| !chain.contains(via)) {
            chain.push(via);
        }
        chain
    }

    /// Grants to those with whom a memory comes to live are over, and what was shared on through them hangs on what they
    /// hung on.
    pub(super) fn end_needless(&mut self, memory: usize, to: Place) {
        let needless: Vec<usize> = (0..self.grants.len())
            .filter(|number| {
                let grant = &self.grants[*number];
                (grant.memory, grant.with) == (memory, to) && !grant.ended
            })
            .collect();
        for number in 0..self.grants.len() {
            let mut via = self.grants[number].via;
            let hung = via.is_some_and(|via| needless.contains(&via)) && !self.grants[number].ended;
            while let Some(over) = via.filter(|via| hung && needless.contains(via)) {
                via = self.grants[over].via;
            }
            if hung && !needless.contains(&number) {
                self.grants[number].via = via;
                if via.is_none() {
                    self.sharers.insert((memory, self.grants[number].by));
                }
            }
        }
        for number in needless {
            self.grants[number].ended = true;
        }
    }

    /// Of two grants by the same person to the same one is left. It gives the most of either, for the longer time, but no more
    /// than what it is through, and what was shared on through either is through it, unless it is more than that.
    pub(super) fn merge(&mut self, given_up: usize, kept: usize) {
        let (one, other) = (self.grants[given_up].clone(), self.grants[kept].clone());
        let via = one.via.zip(other.via).and_then(|(one, other)| {
            let apart = |via: &usize| !self.chain(*via).iter().any(|it| [given_up, kept].contains(it));
            [one, other].into_iter().filter(apart).max_by_key(|via| {
                let grant = &self.grants[*via];
                (grant.permission, grant.until.unwrap_or(DateTime::<Utc>::MAX_UTC), *via == other)
            })
        });
        let through = via.map(|via| self.grants[via].clone());
        let most = through.as_ref().map_or(Permission::Admin, |grant| grant.permission);
        let longest = through.and_then(|grant| grant.until).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let until =
            one.until.zip(other.until).map_or(DateTime::<Utc>::MAX_UTC, |(one, other)| one.max(other));
        let until = Some(until.min(longest)).filter(|until| *until < DateTime::<Utc>::MAX_UTC);
        let permission = one.permission.max(other.permission).min(most);
        let grant = &mut self.grants[kept];
        (grant.permission, grant.until, grant.via) = (permission, until, via);
        grant.may_reshare |= one.may_reshare;
        self.grants[given_up].ended = true;
        for number in (0..self.grants.len()).filter(|number| *number != kept) {
            if self.grants[number].via == Some(given_up) && !self.grants[number].ended {
                self.grants[number].via = Some(kept);
            }
        }
        let end = |until: Option<DateTime<Utc>>| until.unwrap_or(DateTime::<Utc>::MAX_UTC);
        for number in 0..self.grants.len() {
            let it = &self.grants[number];
            let more = it.permission > permission || end(it.until) > end(until);
            if it.via == Some(kept) && !it.ended && more {
                self.end(number, true);
            }
        }
    }
}
