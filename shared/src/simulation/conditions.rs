//! What a request needs beside what the policy asks for, as far as a question about a scope tells: answered by the checks of
//! the requests themselves.

use crate::access::{Action, AuthContext, ReadableScope, ScopeKind, TenantTx};
use crate::error::{Error, Result};
use crate::tenancy::{nodes, policies, users};

/// Whether somebody whom the policy lets do something to a scope may do it as it is now: what it depends on beyond that, or why
/// not.
pub(super) async fn of_scope(
    tx: &TenantTx<'_>,
    them: &AuthContext,
    action: Action,
    scope: &ReadableScope,
) -> Result<Result<Vec<String>, String>> {
    let checked = match action {
        Action::AddMemory => match policies::effective(tx, scope.id).await? {
            Some(policy) => policy.class_of_new(None, them.ceiling()).map(|_| Vec::new()),
            None => Err(Error::NotFound { what: "scope" }),
        },
        Action::MoveNode => from(them, scope).map(|()| {
            vec!["create_node is needed where it is moved to as well, and that it fits there".to_owned()]
        }),
        Action::ManageMembers if scope.kind == ScopeKind::Context => Ok(vec![
            "where the rules of a home of something in it ask for an approval, whoever comes in must be allowed to see that"
                .to_owned(),
        ]),
        Action::DeleteNode => nodes::check_empty(tx, scope).await.map(|()| Vec::new()),
        Action::ReassignMemories => users::check_reassigner(tx, scope.role).await.map(|()| {
            vec![
                "the account must be deactivated, and its role on the enterprise not above theirs".to_owned(),
            ]
        }),
        _ => Ok(Vec::new()),
    };
    match checked {
        Ok(conditions) => Ok(Ok(conditions)),
        Err(refusal @ (Error::Forbidden(_) | Error::Conflict(_) | Error::NotFound { .. })) => {
            Ok(Err(format!("they would be told: {refusal}")))
        }
        Err(error) => Err(error),
    }
}

/// A node that is moved leaves another, which takes what making one there takes.
fn from(them: &AuthContext, node: &ReadableScope) -> Result<()> {
    let parent = node.parent().and_then(|parent| them.scope(parent));
    them.authorize(Action::CreateNode, parent.ok_or(Error::NotFound { what: "organization" })?)
}
