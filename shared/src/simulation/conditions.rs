//! Conditions of a request beyond the policy, as far as a question about a scope determines them, checked by the same
//! code as real requests.

use crate::access::{Action, AuthContext, Classification, ReadableScope, ScopeKind, TenantTx};
use crate::error::{Error, Result};
use crate::ids::MemoryId;
use crate::memory;
use crate::sharing::contexts;
use crate::tenancy::{may_show_all, nodes, policies, users};

/// Checks whether a user whom the policy permits an action on a scope may perform it in the present state; returns the
/// remaining conditions, or the reason why not.
pub(super) async fn of_scope(
    tx: &TenantTx<'_>,
    them: &AuthContext,
    action: Action,
    scope: &ReadableScope,
) -> Result<Result<Vec<String>, String>> {
    let checked = match action {
        Action::AddMemory => match policies::effective(tx, scope.id).await? {
            Some(policy) => match policy.class_of_new(None, them.ceiling()) {
                Ok(class) => memory::may_add(tx, them, scope.id, &policy, class).await.map(|()| Vec::new()),
                Err(refusal) => Err(refusal),
            },
            None => Err(Error::NotFound { what: "scope" }),
        },
        Action::MoveNode => may_show_all(them, "moves no nodes").and_then(|()| from(them, scope)).map(|()| {
            vec!["create_node is needed where it is moved to as well, and that it fits there".to_owned()]
        }),
        Action::ManageMembers if scope.kind == ScopeKind::Context => {
            contexts::check_ceiling(tx, them, scope.id).await.map(|()| {
                vec![
                    "where the rules of a home of something in it ask for an approval, whoever comes in must be allowed \
                     to see that"
                        .to_owned(),
                ]
            })
        }
        Action::ShareAnyMemory if scope.kind == ScopeKind::Context => {
            Ok(match contexts::check_ceiling(tx, them, scope.id).await {
                Err(Error::Forbidden(refusal)) => vec![format!("not the context as a whole: {refusal}")],
                checked => checked.map(|()| Vec::new())?,
            })
        }
        Action::DeleteNode => nodes::check_empty(tx, scope).await.map(|()| Vec::new()),
        Action::ReassignMemories => users::check_reassigner(tx, scope.role).await.and_then(|()| {
            may_show_all(them, "hands over no memories")
        }).map(|()| {
            vec![
                "the account must be deactivated, its role on the enterprise not above theirs, and the heir somebody \
                 else"
                    .to_owned(),
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

/// Returns the other classes of a memory, each with the reason why a user who may classify it could not give it that class.
pub(super) async fn of_classes(
    tx: &TenantTx<'_>,
    them: &AuthContext,
    id: MemoryId,
) -> Result<Vec<(Classification, Option<String>)>> {
    let memory = memory::look(tx, id).await?;
    let mut classes = Vec::new();
    for class in Classification::ALL.into_iter().filter(|class| *class != memory.classification) {
        let refusal = match memory::may_classify(tx, them, &memory, class).await {
            Ok(()) => None,
            Err(refusal @ (Error::Forbidden(_) | Error::Conflict(_))) => {
                Some(format!("not {class}: they would be told: {refusal}"))
            }
            Err(error) => return Err(error),
        };
        classes.push((class, refusal));
    }
    Ok(classes)
}

/// Moving a node away from its parent requires the same authority there as creating one.
fn from(them: &AuthContext, node: &ReadableScope) -> Result<()> {
    let parent = node.parent().and_then(|parent| them.scope(parent));
    them.authorize(Action::CreateNode, parent.ok_or(Error::NotFound { what: "organization" })?)
}
