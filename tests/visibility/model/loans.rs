//! Contexts that are shared: those with whom one is shared see all that is in it, and are not its members.

use chrono::{DateTime, Utc};
use shared::access::{Classification, Role};
use shared::memory::Permission;

use super::sharing::Direction;
use super::{Model, Place, Wish, widest};

/// A context that is, or was, shared with somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loan {
    pub(crate) context: usize,
    pub(crate) with: Place,
    /// What they may do with what lives in it. What is pinned to it they read.
    pub(crate) permission: Permission,
    pub(crate) by: usize,
    pub(crate) until: Option<DateTime<Utc>>,
    /// Whether somebody ended it.
    pub(crate) ended: bool,
}

impl Model {
    /// How a place is shared, if it is a context.
    pub(super) fn live_loans(&self, place: Place) -> impl Iterator<Item = &Loan> {
        self.loans.iter().filter(move |loan| place == Place::Context(loan.context) && self.is_lent(loan))
    }

    /// Whether somebody is told that there is a context: its members, and those with whom it is shared.
    pub(super) fn knows(&self, person: usize, context: Place) -> bool {
        self.reads(person, context) || self.lent(context).any(|with| self.reads(person, with))
    }

    fn is_lent(&self, loan: &Loan) -> bool {
        !loan.ended && loan.until.is_none_or(|until| until > self.now)
    }

    /// Those with whom a place is shared, if it is a context.
    pub(super) fn lent(&self, place: Place) -> impl Iterator<Item = Place> {
        self.live_loans(place).map(|loan| loan.with)
    }

    /// Whether others have to agree that somebody shares a context, or the status that it is refused with. It goes with all that
    /// is in it, each under its own rules.
    pub(crate) fn may_lend(&self, loan: &Loan) -> Result<bool, u16> {
        let (by, with, context) = (loan.by, loan.with, Place::Context(loan.context));
        let inside: Vec<usize> =
            self.memories.keys().copied().filter(|id| self.reached(*id).contains(&context)).collect();
        let highest = inside.iter().map(|id| self.memories[id].class).max();
        let wish =
            |memory| Wish { memory, with, permission: Permission::Read, may_reshare: false, until: None };
        let out_of_use = matches!(with, Place::Personal(it) if self.inactive.contains_key(&it));
        let too_many = self.audience(with) > widest(highest.unwrap_or(Classification::Public));
        match () {
            () if self.inactive.contains_key(&by) => return Err(401),
            () if !self.knows(by, context) => return Err(404),
            () if self.role(by, context) < Some(Role::Admin) => return Err(403),
            () if with == Place::Personal(by) => return Err(400),
            () if out_of_use => return Err(409),
            () if too_many || inside.iter().any(|id| self.is_too_confidential(&wish(*id))) => {
                return Err(403);
            }
            () => {}
        }
        let itself = self.direction(by, context, with) != Direction::Within;
        let rule = self.rule_over(context).filter(|_| itself);
        let asked: Vec<Option<usize>> =
            rule.into_iter().chain(inside.into_iter().filter_map(|id| self.rule_for(&wish(id)))).collect();
        let decided = |node: &Option<usize>| {
            let mut others = self.everybody().into_iter().filter(|other| *other != by);
            others.any(|other| !self.inactive.contains_key(&other) && self.holds(other, *node, true))
        };
        if asked.iter().all(decided) { Ok(!asked.is_empty()) } else { Err(409) }
    }

    /// It is shared, or somebody's own earlier share of it has other terms; the number of that.
    pub(crate) fn lend(&mut self, new: Loan) -> usize {
        let same = |it: &Loan| (it.context, it.with, it.by) == (new.context, new.with, new.by) && !it.ended;
        let Some(number) = self.loans.iter().position(same) else {
            self.loans.push(new);
            return self.loans.len() - 1;
        };
        self.loans[number] = new;
        number
    }

    /// The status that ending it is answered with: for who gave it, the administrators of the scope it was given to, and
    /// those of the context.
    pub(crate) fn may_end_loan(&self, person: usize, number: usize) -> u16 {
        let loan = &self.loans[number];
        let context = Place::Context(loan.context);
        let reads = self.reads(person, loan.with);
        let administers = reads && self.role(person, loan.with) >= Some(Role::Admin);
        match () {
            () if self.inactive.contains_key(&person) => 401,
            () if !self.knows(person, context) || !self.is_lent(loan) => 404,
            () if loan.by == person || administers => 200,
            () if self.role(person, context) >= Some(Role::Admin) => 200,
            () if reads => 403,
            () => 404,
        }
    }

    /// What was shared with a node is shared with its heir. Who shared the same with both shares it once, for the longer time and
    /// to do the most.
    pub(super) fn hand_over_loans(&mut self, from: Place, to: Place) {
        self.end_loans(|loan, now| {
            [from, to].contains(&loan.with) && loan.until.is_some_and(|until| until <= now)
        });
        for number in 0..self.loans.len() {
            let loan = self.loans[number];
            if loan.with != from || loan.ended {
                continue;
            }
            let same =
                |it: &&mut Loan| (it.context, it.by, it.with) == (loan.context, loan.by, to) && !it.ended;
            match self.loans.iter_mut().find(same) {
                Some(kept) => {
                    kept.permission = kept.permission.max(loan.permission);
                    kept.until = kept.until.zip(loan.until).map(|(one, other)| one.max(other));
                    self.loans[number].ended = true;
                }
                None => self.loans[number].with = to,
            }
        }
    }

    /// Ends those for which this holds now.
    pub(super) fn end_loans(&mut self, over: impl Fn(&Loan, DateTime<Utc>) -> bool) {
        let now = self.now;
        for loan in &mut self.loans {
            loan.ended |= over(loan, now);
        }
    }
}
