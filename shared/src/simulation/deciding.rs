//! Whether somebody may decide about a request for approval, and why.

use crate::access::{AuthContext, ReadableScope, in_words};
use crate::ids::UserId;
use crate::sharing::approvals::{Approval, Behind, Ground, Position, Status};

/// When those above a node decide.
const FROM_ABOVE: &str = "it has escalated, or nobody else holds it there";

/// Whether the user may decide about an approval request now.
pub(super) fn deciding(
    approval: &Approval,
    (them, behind): (&AuthContext, Option<Behind>),
    position: Option<&Position>,
    node: Option<&ReadableScope>,
) -> (bool, String) {
    let part = position.and_then(|it| approval.decisions.iter().find(|part| part.node_scope == it.node));
    let (role, at, escalates_at) = match part.or(approval.decisions.first()) {
        Some(part) => {
            (part.approver_role, in_words(part.node_name.as_deref(), &part.node), part.escalates_at)
        }
        None => (
            approval.approver_role,
            in_words(approval.node_name.as_deref(), &approval.node),
            approval.escalates_at,
        ),
    };
    if approval.requested_by == them.user_id() {
        return (false, "they asked for it themselves, and cannot decide about their own request".to_owned());
    }
    if them.is_service() {
        return (false, "they are a service account, and a person has to decide".to_owned());
    }
    if approval.status != Status::Pending {
        return (false, approval.status.in_words());
    }
    let undecided = part.is_some_and(|part| part.decision.is_none());
    if undecided && position.is_some_and(|it| !it.open && it.gains(them, approval)) {
        let why = "it is to be shared with them, and a delegate does not decide about that";
        return (false, why.to_owned());
    }
    if position.is_some_and(|it| !it.open) {
        return (false, format!("it is decided for {at} already, and waits for others"));
    }
    let named = |user: UserId| in_words(position.and_then(|it| it.in_place_of.as_deref()), &user.to_string());
    match position.map(|it| it.ground) {
        Some(Ground::There) => (true, format!("they hold the role {role} or more on {at} itself")),
        Some(Ground::For(user)) => {
            let user = named(user);
            (true, format!("in place of {user}, who holds the role {role} or more on {at}"))
        }
        Some(Ground::Above) => {
            (true, format!("they hold the role {role} or more above {at}, and {FROM_ABOVE}"))
        }
        Some(Ground::AboveFor(user)) => (
            true,
            format!("in place of {}, who holds the role {role} or more above {at}, and {FROM_ABOVE}", named(user)),
        ),
        None if behind == Some(Behind::ItsKey) => (
            false,
            "it comes from a service account whose key they made, so somebody else has to decide".to_owned(),
        ),
        None if behind == Some(Behind::APassword) => (
            false,
            "they made the token for the requester's password, or the requester for theirs, so somebody else has to \
             decide"
                .to_owned(),
        ),
        None if node.and_then(|node| node.role) >= Some(role) => {
            let at = escalates_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            (false, format!("they hold the role {role} or more above, where it can be decided from {at} on"))
        }
        None => {
            (false, format!("this needs the role {role} on {at} itself, or a delegate of one who has it"))
        }
    }
}
