//! What the random steps too rarely bring about one after the other: a context that is shared, with everything that comes
//! into it and goes.

use chrono::{DateTime, TimeDelta, Utc};
use shared::access::Role;
use shared::memory::Permission;
use shared::tenancy::nodes::Members;

use super::Pair;
use crate::visibility::model::{Loan, Place, Wish};
use crate::visibility::sequences::Whom;

/// The context, its owner, its other member, somebody outside, the team to which they belong with the group, and what it is in.
const CONTEXT: usize = 0;
const OWNER: usize = 1;
const MEMBER: usize = 3;
const OUTSIDE: usize = 2;
const TEAM: usize = 2;
const DIVISION: usize = 1;
/// The node to which the member belongs.
const SIBLING: usize = 4;

impl Pair {
    /// A context is shared with a team, with somebody for a time and with the node of a member. What is in it, what is added and what
    /// is pinned is seen there as long as it is shared, as long as they belong there, wherever the team goes, and as long as the context
    /// is there.
    pub(in crate::visibility) async fn share_a_context(&mut self) {
        let context = Place::Context(CONTEXT);
        let own = self.memories.len();
        self.add(OWNER, Place::Personal(OWNER), None).await;
        self.model.note_sharers();
        let team = self.lend_by_owner(Place::Node(TEAM), None).await;
        self.add(MEMBER, context, None).await;
        self.compare(&"it was added", Whom::Everybody).await;
        // It is shared to read.
        self.revise(OUTSIDE, own + 1).await;
        self.pin(own).await;
        for after in ["they left the group", "they are back"] {
            self.toggle_group(OUTSIDE).await;
            self.compare(&after, Whom::Everybody).await;
        }

        let until = self.model.now + TimeDelta::hours(4);
        self.lend_by_owner(Place::Personal(OUTSIDE), Some(until)).await;
        self.end_loan_by_owner(team).await;
        let late = self.memories.len();
        self.add(OWNER, Place::Personal(OWNER), None).await;
        self.pin(late).await;
        self.pass(TimeDelta::hours(5));
        self.compare(&"the time is over", Whom::Everybody).await;
        self.tidy().await;
        self.compare(&"it was tidied up", Whom::Everybody).await;

        let sibling = self.lend_by_owner(Place::Node(SIBLING), None).await;
        self.depart(OWNER, MEMBER, CONTEXT).await;
        self.compare(&"the member left", Whom::Everybody).await;
        self.leave(MEMBER, Some(SIBLING)).await;
        self.compare(&"and the node", Whom::Everybody).await;
        self.join(MEMBER, Some(SIBLING), Role::Viewer).await;
        self.compare(&"and is back", Whom::Everybody).await;
        self.end_loan_by_owner(sibling).await;

        self.lend_by_owner(Place::Node(TEAM), None).await;
        self.dissolve(TEAM, Some(DIVISION), Members::Move).await;
        self.compare(&"the team is part of the division", Whom::Everybody).await;
        self.empty(CONTEXT).await;
        self.compare(&"nothing lives there", Whom::Everybody).await;
        self.end_context(OWNER, CONTEXT).await;
        self.compare(&"the context is gone", Whom::Everybody).await;
    }

    /// Who administers the enterprise is in a context what they are there.
    pub(in crate::visibility) async fn end_anothers_context(&mut self) {
        self.join(MEMBER, None, Role::Admin).await;
        self.end_context(MEMBER, CONTEXT).await;
    }

    async fn pin(&mut self, memory: usize) {
        let with = Place::Context(CONTEXT);
        let wish = Wish { memory, with, permission: Permission::Read, may_reshare: false, until: None };
        self.model.note_sharers();
        self.share(OWNER, wish).await;
        self.compare(&wish, Whom::Everybody).await;
    }

    /// The owner shares the context; the number of that.
    async fn lend_by_owner(&mut self, with: Place, until: Option<DateTime<Utc>>) -> usize {
        let permission = Permission::Read;
        let loan = Loan { context: CONTEXT, with, permission, by: OWNER, until, ended: false };
        let number = self.lend(loan).await.expect("it is shared at once");
        self.compare(&loan, Whom::Everybody).await;
        number
    }

    async fn end_loan_by_owner(&mut self, number: usize) {
        self.end_loan(OWNER, number).await;
        self.compare(&self.model.loans[number].clone(), Whom::Everybody).await;
    }
}
