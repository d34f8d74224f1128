//! The possible steps. Nodes, people, memories, shares and requests are chosen by an index into the existing ones.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use shared::access::{Classification, Role};
use shared::memory::Permission;
use shared::tenancy::nodes::Members;

/// One change.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Add {
        person: Index,
        place: Index,
        class: Option<Classification>,
    },
    Revise {
        person: Index,
        memory: Index,
    },
    Classify {
        person: Index,
        memory: Index,
        class: Classification,
    },
    Forget {
        person: Index,
        memory: Index,
    },
    /// A memory comes to live elsewhere.
    Rehome {
        person: Index,
        memory: Index,
        to: Index,
    },
    Found {
        parent: Index,
        team: bool,
    },
    Move {
        node: Index,
        parent: Index,
    },
    Delete {
        node: Index,
    },
    /// Everything of a node goes to an heir.
    Dissolve {
        node: Index,
        heir: Index,
        members: Members,
    },
    /// As much goes to an heir as one request hands over, and then it is stopped.
    CancelDissolution {
        node: Index,
        heir: Index,
    },
    /// Somebody makes a context.
    Gather {
        person: Index,
    },
    /// A role that somebody gets in a context, or another one in its place.
    Enter {
        by: Index,
        person: Index,
        context: Index,
        role: Role,
    },
    /// Somebody leaves a context, or has to.
    Depart {
        by: Index,
        person: Index,
        context: Index,
    },
    /// It is deleted; `emptied` of what lives in it before.
    EndContext {
        person: Index,
        context: Index,
        emptied: bool,
    },
    /// A whole context is shared.
    Lend(Lending),
    EndLoan {
        person: Index,
        loan: Index,
    },
    /// A role that somebody gets, or another one in its place.
    Join {
        person: Index,
        node: Index,
        role: Role,
    },
    Leave {
        person: Index,
        node: Index,
    },
    /// Somebody new, by e-mail.
    Invite {
        node: Index,
        role: Role,
    },
    /// In, or out.
    Group {
        person: Index,
    },
    GroupRole {
        node: Index,
        role: Option<Role>,
    },
    Deactivate {
        person: Index,
    },
    Reactivate {
        person: Index,
    },
    /// Somebody leaves, unless they have already, and what was their own goes to an heir.
    Reassign {
        leaver: Index,
        heir: Index,
    },
    /// Somebody leaves, unless they have already, and the time for which what was their own is kept goes by.
    Outlast {
        leaver: Index,
    },
    Share(Sharing),
    Revoke {
        person: Index,
        share: Index,
    },
    /// A node's admins have to agree to what leaves an organization, or no longer.
    Rule {
        node: Index,
    },
    Approve {
        person: Index,
        request: Index,
    },
    Deny {
        person: Index,
        request: Index,
    },
    Withdraw {
        person: Index,
        request: Index,
    },
    /// Somebody is to decide in another's place, for so many hours.
    Delegate {
        from: Index,
        to: Index,
        node: Index,
        hours: i64,
    },
    EndDelegation {
        person: Index,
        delegation: Index,
    },
    /// Time, and whether the job that tidies up comes by.
    Pass {
        hours: i64,
        tidy: bool,
    },
}

/// Who shares what with whom, how, and for how many hours.
#[derive(Debug, Clone)]
pub(super) struct Sharing {
    pub(super) person: Index,
    pub(super) memory: Index,
    pub(super) with: Index,
    pub(super) permission: Permission,
    pub(super) may_reshare: bool,
    pub(super) hours: Option<i64>,
}

/// Who shares which context with whom, how, and for how many hours.
#[derive(Debug, Clone)]
pub(super) struct Lending {
    pub(super) by: Index,
    pub(super) context: Index,
    pub(super) with: Index,
    pub(super) permission: Permission,
    pub(super) hours: Option<i64>,
}

/// The hours of [`Step::Pass`]: less than a day, beyond an escalation, beyond a request's time.
const HOURS: [i64; 3] = [5, 50, 80];

/// Everything that may happen.
pub(super) fn steps() -> BoxedStrategy<Vec<Step>> {
    let step = prop_oneof![4 => memories(), 5 => people(), 4 => contexts(), 4 => tree(), 8 => sharing()];
    prop::collection::vec(step, 10..24).boxed()
}

fn memories() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let class = || select(Classification::ALL.to_vec());
    prop_oneof![
        4 => (index(), index(), prop::option::weighted(0.4, class()))
            .prop_map(|(person, place, class)| Step::Add { person, place, class }),
        1 => (index(), index()).prop_map(|(person, memory)| Step::Revise { person, memory }),
        1 => (index(), index(), class())
            .prop_map(|(person, memory, class)| Step::Classify { person, memory, class }),
        1 => (index(), index()).prop_map(|(person, memory)| Step::Forget { person, memory }),
        3 => (index(), index(), index())
            .prop_map(|(person, memory, to)| Step::Rehome { person, memory, to }),
    ]
}

fn people() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let role = || select(vec![Role::Viewer, Role::Member, Role::Admin]);
    prop_oneof![
        4 => (index(), index(), role()).prop_map(|(person, node, role)| Step::Join { person, node, role }),
        4 => (index(), index()).prop_map(|(person, node)| Step::Leave { person, node }),
        1 => (index(), role()).prop_map(|(node, role)| Step::Invite { node, role }),
        3 => index().prop_map(|person| Step::Group { person }),
        2 => (index(), prop::option::weighted(0.5, role()))
            .prop_map(|(node, role)| Step::GroupRole { node, role }),
        3 => index().prop_map(|person| Step::Deactivate { person }),
        2 => index().prop_map(|person| Step::Reactivate { person }),
        5 => (index(), index()).prop_map(|(leaver, heir)| Step::Reassign { leaver, heir }),
        3 => index().prop_map(|leaver| Step::Outlast { leaver }),
    ]
}

fn contexts() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let lending = (
        (index(), index(), index()),
        select(vec![Permission::Read, Permission::Write]),
        prop::option::weighted(0.3, select(vec![4_i64, 40, 100])),
    );
    let lend = lending.prop_map(|((by, context, with), permission, hours)| {
        Step::Lend(Lending { by, context, with, permission, hours })
    });
    prop_oneof![
        4 => lend,
        1 => (index(), index()).prop_map(|(person, loan)| Step::EndLoan { person, loan }),
        2 => index().prop_map(|person| Step::Gather { person }),
        3 => (index(), index(), index(), select(Role::ALL.to_vec()))
            .prop_map(|(by, person, context, role)| Step::Enter { by, person, context, role }),
        2 => (index(), index(), index())
            .prop_map(|(by, person, context)| Step::Depart { by, person, context }),
        2 => (index(), index(), any::<bool>())
            .prop_map(|(person, context, emptied)| Step::EndContext { person, context, emptied }),
    ]
}

fn tree() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        2 => (index(), any::<bool>()).prop_map(|(parent, team)| Step::Found { parent, team }),
        5 => (index(), index()).prop_map(|(node, parent)| Step::Move { node, parent }),
        1 => index().prop_map(|node| Step::Delete { node }),
        3 => (index(), index(), select(vec![Members::Move, Members::MoveAsViewers, Members::Leave]))
            .prop_map(|(node, heir, members)| Step::Dissolve { node, heir, members }),
        2 => (index(), index()).prop_map(|(node, heir)| Step::CancelDissolution { node, heir }),
        1 => index().prop_map(|node| Step::Rule { node }),
    ]
}

fn sharing() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let wish = (
        (index(), index(), index()),
        select(Permission::ALL.to_vec()),
        any::<bool>(),
        prop::option::weighted(0.4, select(vec![4_i64, 40, 100])),
    );
    let share = wish.prop_map(|((person, memory, with), permission, may_reshare, hours)| {
        Step::Share(Sharing { person, memory, with, permission, may_reshare, hours })
    });
    prop_oneof![
        8 => share,
        3 => (index(), index()).prop_map(|(person, share)| Step::Revoke { person, share }),
        3 => (index(), index()).prop_map(|(person, request)| Step::Approve { person, request }),
        1 => (index(), index()).prop_map(|(person, request)| Step::Deny { person, request }),
        1 => (index(), index()).prop_map(|(person, request)| Step::Withdraw { person, request }),
        3 => (index(), index(), index(), select(vec![4_i64, 100]))
            .prop_map(|(from, to, node, hours)| Step::Delegate { from, to, node, hours }),
        1 => (index(), index()).prop_map(|(person, delegation)| Step::EndDelegation { person, delegation }),
        4 => (select(HOURS.to_vec()), prop::bool::weighted(0.3)).prop_map(|(hours, tidy)| Step::Pass { hours, tidy }),
    ]
}
