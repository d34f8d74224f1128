//! Requests for approval.

use chrono::{DateTime, Utc};
use shared::access::Role;
use shared::memory::Permission;

use super::sharing::Direction;
use super::{Model, Place, Wish};

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Closed,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) by: usize,
    pub(crate) wish: Wish,
    /// What it was by then: another version of it is not shared.
    pub(crate) version: usize,
    /// Where the memory lived when it was asked for.
    pub(crate) home: Place,
    /// How far it would have gone then.
    pub(crate) far: Direction,
    /// Whose admins decide.
    pub(crate) node: Option<usize>,
    /// From when on those above it may, too.
    pub(crate) escalates_at: DateTime<Utc>,
    /// Until when.
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) status: Status,
}

impl Model {
    /// It ends with what it is about, with whom it is to be shared, and with the node that has to agree.
    pub(super) fn is_open(&self, request: &Request) -> bool {
        let wish = &request.wish;
        let pointless = !self.memories.contains_key(&wish.memory) || !self.exists(wish.with);
        let decider = request.node.map_or(Place::Enterprise, Place::Node);
        request.status == Status::Pending
            && request.expires_at > self.now
            && !pointless
            && self.exists(decider)
    }

    pub(crate) fn may_decide(&self, person: usize, request: &Request) -> bool {
        self.holds(person, request.node, self.is_for_those_above(request))
            || (self.stands_in(person, request) && !self.gains(person, request))
    }

    /// Whether somebody would see it only then, or could do more with it: a delegate does not decide about that. Of what all get who belong to the
    /// deciding node, or everybody, anybody does.
    fn gains(&self, person: usize, request: &Request) -> bool {
        if request.wish.with == Place::Personal(person) {
            return true;
        }
        let by_all = |place: &Place| match *place {
            Place::Personal(_) | Place::Context(_) => false,
            Place::Node(with) => self.is_above(Some(with), request.node),
            Place::Enterprise | Place::Public => true,
        };
        let mut given = std::iter::once(request.wish.with).chain(self.lent(request.wish.with));
        let more = request.wish.permission > Permission::Read || request.wish.may_reshare;
        given.any(|place| !by_all(&place) && self.reads(person, place))
            && (more || !self.sees(person, request.wish.memory))
    }

    /// Whether those above the node decide as well: after some time, or if nobody else is left there to do it.
    pub(super) fn is_for_those_above(&self, request: &Request) -> bool {
        let others = self.everybody().into_iter().filter(|other| *other != request.by);
        let mut active = others.filter(|other| !self.inactive.contains_key(other));
        request.escalates_at <= self.now || !active.any(|other| self.holds(other, request.node, false))
    }

    /// Whether it concerns somebody at all, beside those who asked.
    fn concerns(&self, person: usize, request: &Request) -> bool {
        let place = request.node.map_or(Place::Enterprise, Place::Node);
        let admin = |place| self.exists(place) && self.role(person, place) >= Some(Role::Admin);
        admin(place)
            || (!matches!(request.home, Place::Personal(_)) && admin(request.home))
            || self.may_decide(person, request)
            || self.stands_in(person, request)
    }

    /// The status that deciding is answered with, if it is refused whatever the decision.
    fn decide(&self, person: usize, request: &Request) -> Result<(), u16> {
        match () {
            () if self.inactive.contains_key(&person) => Err(401),
            () if request.by == person => Err(403),
            () if self.concerns(person, request) && !self.is_open(request) => Err(409),
            () if !self.may_decide(person, request) && self.concerns(person, request) => Err(403),
            () if !self.may_decide(person, request) => Err(404),
            () if !self.is_open(request) => Err(409),
            () => Ok(()),
        }
    }

    /// The status that agreeing is answered with.
    pub(crate) fn approve(&self, person: usize, number: usize) -> u16 {
        let request = &self.requests[number];
        let wish = &request.wish;
        if let Err(status) = self.decide(person, request) {
            return status;
        }
        match () {
            () if wish.until.is_some_and(|until| until <= self.now) => 409,
            () if self.is_outdated(request) => 409,
            () if self.inactive.contains_key(&request.by) || !self.has_as_much(request.by, wish) => 409,
            // They could not share it so now.
            () if self.could_share(request.by, wish) == Err(403) => 403,
            () if self.could_share(request.by, wish).is_err() => 409,
            // By now it goes further, or it is for others to agree.
            () if self.farthest(wish) > request.far => 409,
            () if self.rule_for(wish).is_some_and(|node| node != request.node) => 409,
            () => 200,
        }
    }

    /// Through which grant it is shared that is agreed to.
    pub(crate) fn agreed_via(&self, request: &Request) -> Option<usize> {
        self.could_share(request.by, &request.wish).ok().flatten()
    }

    /// Whether the memory is another by now.
    pub(super) fn is_outdated(&self, request: &Request) -> bool {
        self.memories.get(&request.wish.memory).is_some_and(|memory| memory.version != request.version)
    }

    /// What is asked for anew need not be decided as it was.
    pub(crate) fn ask_anew(&mut self, person: usize, wish: &Wish) {
        let same = |request: &Request| {
            request.by == person && (request.wish.memory, request.wish.with) == (wish.memory, wish.with)
        };
        for request in self.requests.iter_mut().filter(|request| same(request)) {
            request.status = Status::Closed;
        }
    }

    /// The status that not agreeing is answered with.
    pub(crate) fn deny(&self, person: usize, number: usize) -> u16 {
        self.decide(person, &self.requests[number]).err().unwrap_or(200)
    }

    /// The status that taking it back is answered with.
    pub(crate) fn withdraw(&self, person: usize, number: usize) -> u16 {
        let request = &self.requests[number];
        match () {
            () if self.inactive.contains_key(&person) => 401,
            () if request.by != person && self.concerns(person, request) => 403,
            () if request.by != person => 404,
            () if !self.is_open(request) => 409,
            () => 200,
        }
    }
}
