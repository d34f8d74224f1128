//! Sharing: who may share what with whom, and which shares end together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use shared::access::{Classification, Role};
use shared::memory::Permission;

use super::{Model, Place, widest};

/// A memory that is, or was, shared with somebody.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) memory: usize,
    pub(crate) with: Place,
    pub(crate) permission: Permission,
    pub(crate) may_reshare: bool,
    pub(crate) by: usize,
    /// The grant through which they could.
    pub(crate) via: Option<usize>,
    pub(crate) since: DateTime<Utc>,
    pub(crate) until: Option<DateTime<Utc>>,
    /// Whether somebody ended it.
    pub(crate) ended: bool,
    /// Whether others had to agree to it, and did.
    pub(crate) agreed: bool,
}

/// A wish to share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) memory: usize,
    pub(crate) with: Place,
    pub(crate) permission: Permission,
    pub(crate) may_reshare: bool,
    pub(crate) until: Option<DateTime<Utc>>,
}

/// What becomes of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shared {
    /// It is shared, through this grant if not by a role.
    Now { via: Option<usize> },
    /// Those who hold the role of admin on this node have to agree; if nobody else there can, those above it.
    Asked { node: Option<usize>, above: bool },
}

/// Which way it goes; only whether it leaves an organization matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    Within,
    Out,
    Public,
}

impl Model {
    pub(crate) fn is_live(&self, grant: &Grant) -> bool {
        !grant.ended && grant.until.is_none_or(|until| until > self.now)
    }

    /// The most that live grants, and those of the context in which it lives, allow somebody to do.
    fn granted(&self, person: usize, memory: usize) -> Option<Permission> {
        let live = self.grants.iter().filter(|grant| grant.memory == memory && self.is_live(grant));
        let own = live.map(|grant| (grant.with, grant.permission));
        let lent = self.live_loans(self.memories[&memory].home).map(|loan| (loan.with, loan.permission));
        own.chain(lent).filter(|(with, _)| self.reads(person, *with)).map(|(_, permission)| permission).max()
    }

    /// Whether somebody's role where it lives is enough: that of a member for what they added, else that of an admin.
    pub(crate) fn has_role(&self, person: usize, memory: usize) -> bool {
        let memory = self.memories[&memory];
        let least = if memory.author == person { Role::Member } else { Role::Admin };
        self.reads(person, memory.home) && self.role(person, memory.home) >= Some(least)
    }

    /// Whether that is enough to share it. What lives in a context is shared by its admins.
    pub(super) fn may_share_by_role(&self, person: usize, memory: usize) -> bool {
        let home = self.memories[&memory].home;
        let admin = self.role(person, home) >= Some(Role::Admin);
        self.has_role(person, memory) && (admin || !matches!(home, Place::Context(_)))
    }

    /// Takes note of who may share what by their role, before something changes that.
    pub(crate) fn note_sharers(&mut self) {
        let people: BTreeSet<usize> =
            self.everybody().into_iter().chain(self.memories.values().map(|memory| memory.author)).collect();
        for memory in self.memories.keys().copied().collect::<Vec<_>>() {
            let able = people.iter().filter(|person| self.may_share_by_role(**person, memory));
            let able: Vec<(usize, usize)> = able.map(|person| (memory, *person)).collect();
            self.sharers.extend(able);
        }
    }

    /// What somebody sees only because it was shared with them, or with all who are there.
    pub(crate) fn given(&self, person: usize) -> Vec<usize> {
        self.visible(person).into_iter().filter(|memory| !self.has_role(person, *memory)).collect()
    }

    /// The status that changing it is answered with.
    pub(crate) fn change(&self, person: usize, memory: usize, needed: Permission) -> u16 {
        match () {
            () if self.inactive.contains_key(&person) => 401,
            () if !self.sees(person, memory) => 404,
            () if self.has_role(person, memory) || self.granted(person, memory) >= Some(needed) => 200,
            () => 403,
        }
    }

    /// The status that giving it another class is answered with.
    pub(crate) fn classify(&self, person: usize, memory: usize, class: Classification) -> u16 {
        let same = self.memories.get(&memory).is_some_and(|memory| memory.class == class);
        let status = self.change(person, memory, if same { Permission::Write } else { Permission::Admin });
        let seen = || self.reached(memory).into_iter().map(|place| self.audience(place)).max();
        let abroad = || {
            let mut after = self.clone();
            after.memories.entry(memory).and_modify(|memory| memory.class = class);
            after.is_abroad(memory)
        };
        if status == 200 && !same && (seen() > Some(widest(class)) || abroad()) { 403 } else { status }
    }

    /// Through which grant somebody could wish for it, if not by a role; or the status that it is refused with.
    pub(super) fn could_share(&self, person: usize, wish: &Wish) -> Result<Option<usize>, u16> {
        if self.inactive.contains_key(&person) {
            return Err(401);
        }
        if !self.sees(person, wish.memory) {
            return Err(404);
        }
        let way = self.way(person, wish.memory, |way| way.covers(wish)).ok_or(403_u16)?;
        let (via, memory) = (way.via, self.memories[&wish.memory]);
        let to_themselves = wish.with == Place::Personal(person);
        let out_of_use = matches!(wish.with, Place::Personal(with) if self.inactive.contains_key(&with));
        let pinned = matches!(wish.with, Place::Context(_));
        match () {
            () if to_themselves => Err(400),
            () if pinned && !self.reads(person, wish.with) => Err(404),
            () if out_of_use || wish.with == memory.home => Err(409),
            () if self.is_too_confidential(wish) => Err(403),
            () if !way.covers(wish) => Err(403),
            () if pinned && self.role(person, wish.with) < Some(Role::Member) => Err(403),
            // It can be read there, no more.
            () if pinned && wish.permission != Permission::Read => Err(400),
            () => Ok(via),
        }
    }

    /// Whether somebody may share it at all, and that much of it for that long.
    pub(super) fn has_as_much(&self, person: usize, wish: &Wish) -> bool {
        self.way(person, wish.memory, |way| way.covers(wish)).is_some_and(|way| way.covers(wish))
    }

    /// What becomes of a wish, or the status that it is refused with.
    pub(crate) fn share(&self, person: usize, wish: &Wish) -> Result<Shared, u16> {
        let via = self.could_share(person, wish)?;
        let Some(node) = self.rule_for(wish) else { return Ok(Shared::Now { via }) };
        let asked_already = self.requests.iter().any(|request| {
            let same = (request.wish.memory, request.wish.with) == (wish.memory, wish.with);
            same && request.by == person && self.is_open(request) && !self.is_outdated(request)
        });
        let deciders = |exactly: bool| {
            let others = self.everybody().into_iter().filter(|other| *other != person);
            let mut active = others.filter(|other| !self.inactive.contains_key(other));
            active.any(|other| self.holds(other, node, !exactly))
        };
        match (deciders(true), deciders(false)) {
            (false, false) => Err(409),
            _ if asked_already => Err(409),
            (there, _) => Ok(Shared::Asked { node, above: !there }),
        }
    }

    /// Whether so many may not see it, or not those of another organization, whoever shares it. What is pinned goes as far as the
    /// context does.
    pub(super) fn is_too_confidential(&self, wish: &Wish) -> bool {
        let memory = self.memories[&wish.memory];
        let too_far = |with: Place| {
            let out = self.direction(memory.author, memory.home, with) == Direction::Out;
            let confined = out && memory.class >= Classification::Confidential;
            self.audience(with) > widest(memory.class)
                || (confined && !matches!(with, Place::Personal(_) | Place::Context(_)))
        };
        self.lent(wish.with).chain([wish.with]).any(too_far)
    }

    /// The node whose people have to agree to it, if any have to.
    pub(super) fn rule_for(&self, wish: &Wish) -> Option<Option<usize>> {
        let within = self.farthest(wish) == Direction::Within;
        if within { None } else { self.rule_over(self.memories[&wish.memory].home) }
    }

    /// How far it goes, with the context if it is pinned.
    pub(crate) fn farthest(&self, wish: &Wish) -> Direction {
        let memory = self.memories[&wish.memory];
        let direction = |with| self.direction(memory.author, memory.home, with);
        self.lent(wish.with).map(direction).fold(direction(wish.with), Direction::max)
    }

    /// Whether somebody has to agree before the others in a context, and those with whom it is shared, see what is added there.
    pub(super) fn must_ask_members(&self, person: usize, place: Place) -> bool {
        let Place::Context(context) = place else { return false };
        let others = self.contexts[&context].keys().filter(|member| **member != person);
        let others = others.map(|member| Place::Personal(*member)).chain(self.lent(place));
        let mut away = others.filter(|other| self.direction(person, place, *other) != Direction::Within);
        self.rule_over(place).is_some() && away.next().is_some()
    }

    /// Whether those with whom a context is shared may not see what somebody adds there.
    pub(super) fn shows_too_much(&self, person: usize, place: Place, class: Classification) -> bool {
        let confined = class >= Classification::Confidential;
        let abroad =
            |with| matches!(with, Place::Node(node) if !self.organizations(person).contains(&self.top(node)));
        self.lent(place).any(|with| self.audience(with) > widest(class) || (confined && abroad(with)))
    }

    /// Whoever holds any role.
    pub(super) fn everybody(&self) -> Vec<usize> {
        let holders = self.roles.keys().filter_map(|(holder, _)| match holder {
            super::Holder::Person(person) => Some(*person),
            super::Holder::Group => None,
        });
        holders.chain(self.group.iter().copied()).collect()
    }

    /// Whether somebody is admin of a node by a role on itself, or, if that counts, by one above it.
    pub(super) fn holds(&self, person: usize, node: Option<usize>, above: bool) -> bool {
        let path = self.path(node);
        self.held(person)
            .into_iter()
            .any(|(held, role)| role >= Role::Admin && (held == node || (above && path.contains(&held))))
    }

    /// The topmost node over a place that has the rule.
    pub(super) fn rule_over(&self, place: Place) -> Option<Option<usize>> {
        self.rules_over(place).into_iter().next_back()
    }

    /// The nodes over a place that have the rule, from the place up.
    pub(super) fn rules_over(&self, place: Place) -> Vec<Option<usize>> {
        let path = match place {
            Place::Node(node) => self.path(Some(node)),
            Place::Personal(_) | Place::Context(_) | Place::Enterprise | Place::Public => vec![None],
        };
        path.into_iter().filter(|node| self.rules.contains(node)).collect()
    }

    /// The direction of what this person wrote.
    pub(super) fn direction(&self, author: usize, home: Place, with: Place) -> Direction {
        let out = |within: bool| if within { Direction::Within } else { Direction::Out };
        match (home, with) {
            (_, Place::Public) => Direction::Public,
            // What is everyone's already goes nowhere else.
            (Place::Enterprise | Place::Public, _) => Direction::Within,
            // Its members are named one by one.
            (home, Place::Context(context)) => {
                let mut members = self.contexts.get(&context).into_iter().flat_map(BTreeMap::keys);
                out(members.all(|member| self.is_within(author, home, *member)))
            }
            (Place::Personal(_) | Place::Context(_), Place::Personal(other)) => {
                let theirs = self.organizations(other);
                out(self.organizations(author).iter().any(|ours| theirs.contains(ours)))
            }
            (Place::Node(node), Place::Personal(other)) => {
                out(self.organizations(other).contains(&self.top(node)))
            }
            (Place::Personal(_) | Place::Context(_), Place::Enterprise) => out(self.reads(author, with)),
            (Place::Personal(_) | Place::Context(_), Place::Node(to)) => {
                out(self.reads(author, with) || self.organizations(author).contains(&self.top(to)))
            }
            (Place::Node(_), Place::Enterprise) => Direction::Within,
            (Place::Node(node), Place::Node(to)) => out(self.top(node) == self.top(to)),
        }
    }

    fn is_within(&self, author: usize, home: Place, other: usize) -> bool {
        self.direction(author, home, Place::Personal(other)) == Direction::Within
    }

    /// The organization right below the enterprise that a node belongs to.
    pub(crate) fn top(&self, node: usize) -> usize {
        let path = self.path(Some(node));
        path.into_iter().flatten().last().unwrap_or(node)
    }

    /// Those in which somebody holds any role; all for whoever holds one on the enterprise.
    pub(crate) fn organizations(&self, person: usize) -> Vec<usize> {
        let all = self.nodes.iter().filter(|(_, spot)| spot.parent.is_none()).map(|(node, _)| *node);
        let all: Vec<usize> = all.collect();
        let held = self.held(person).into_iter();
        held.flat_map(|(node, _)| node.map_or_else(|| all.clone(), |node| vec![self.top(node)])).collect()
    }

    /// Makes a grant, or gives one's own earlier one other terms; its number.
    pub(crate) fn grant(&mut self, by: usize, wish: &Wish, via: Option<usize>) -> usize {
        let new = Grant {
            memory: wish.memory,
            with: wish.with,
            permission: wish.permission,
            may_reshare: wish.may_reshare,
            by,
            via,
            since: self.now,
            until: wish.until,
            ended: false,
            agreed: false,
        };
        let same = |it: &Grant| (it.memory, it.with, it.by) == (wish.memory, wish.with, by) && !it.ended;
        let Some(number) = self.grants.iter().position(same) else {
            self.grants.push(new);
            return self.grants.len() - 1;
        };
        let before = std::mem::replace(&mut self.grants[number], new);
        let shorter = wish.until.is_some_and(|until| before.until.is_none_or(|before| until < before));
        let less = wish.permission < before.permission || (before.may_reshare && !wish.may_reshare);
        if shorter || less {
            self.end(number, false);
        }
        number
    }

    /// Ends what was shared on through a grant, and itself; how many ended.
    pub(crate) fn end(&mut self, number: usize, itself: bool) -> usize {
        let mut chain = vec![number];
        let mut next = 0;
        while next < chain.len() {
            let through = self.grants.iter().enumerate();
            let through = through.filter(|(_, grant)| grant.via == Some(chain[next]) && !grant.ended);
            let more: Vec<usize> = through.map(|(it, _)| it).filter(|it| !chain.contains(it)).collect();
            chain.extend(more);
            next += 1;
        }
        let mut ended = 0;
        for it in chain.into_iter().filter(|it| itself || *it != number) {
            ended += usize::from(!self.grants[it].ended);
            self.grants[it].ended = true;
        }
        ended
    }

    /// Takes note that what is over is over: what ends later does not count it.
    pub(crate) fn tidy(&mut self) {
        let now = self.now;
        for grant in self.grants.iter_mut().filter(|grant| grant.until.is_some_and(|until| until <= now)) {
            grant.ended = true;
        }
        self.end_loans(|loan, now| loan.until.is_some_and(|until| until <= now));
    }

    /// The status that ending a grant is answered with: for who gave it, whom it was given to, the administrators of the
    /// scope it was given to, and who decides about the memory.
    pub(crate) fn revoke(&self, person: usize, number: usize) -> u16 {
        let grant = &self.grants[number];
        if self.inactive.contains_key(&person) {
            return 401;
        }
        if !self.sees(person, grant.memory) || !self.is_live(grant) {
            return 404;
        }
        let way = self.way(person, grant.memory, |_| true);
        let decides = way.is_some_and(|way| way.via.is_none() || way.most == Permission::Admin);
        let administers =
            self.reads(person, grant.with) && self.role(person, grant.with) >= Some(Role::Admin);
        match () {
            () if grant.by == person || administers || decides => 200,
            () if self.reads(person, grant.with) => 403,
            () => 404,
        }
    }
}
