//! The rule that an enterprise, and a context with members, always has an active owner, for whatever could break it:
//! leaving, losing the role, being deactivated. Owners are people: a program cannot be responsible for anything.

use super::locked::{Locked, lock};
use crate::db::{StoreError, Tx};
use crate::error::{Error, Result};
use crate::ids::{ContextId, EnterpriseId, ScopeId, UserId};

/// Ensures that the enterprise keeps an active owner besides this account; returns `Conflict` if not. Call it before
/// taking the role from the account, and before the transaction locks any row.
///
/// Takes the tenant's lock: no other transaction passes this check for the same enterprise until this one ends, so two
/// owners cannot remove each other at the same moment.
pub async fn require_another(tx: &Tx, enterprise: EnterpriseId, except: UserId) -> Result<()> {
    const OTHERS: &str = "-- owners.others
        SELECT EXISTS (SELECT FROM scopes s
                         JOIN memberships m ON m.enterprise_id = s.enterprise_id AND m.scope_id = s.id
                         JOIN users u ON u.enterprise_id = m.enterprise_id AND u.id = m.user_id
                        WHERE s.enterprise_id = $1 AND s.kind = 'enterprise' AND m.role = 'owner'
                          AND u.status = 'active' AND u.kind = 'person' AND u.id <> $2)";
    lock(tx, enterprise).await?;
    let others: bool = tx.query_one(OTHERS, &[&enterprise.uuid(), &except.uuid()]).await?.get(0);
    others.then_some(()).ok_or_else(|| {
        Error::Conflict(
            "an enterprise needs an active owner who is a person: make somebody else one first".to_owned(),
        )
    })
}

/// The same for a context, which has no nodes above it whose owners could decide.
pub(super) async fn require_another_of(
    tree: &Locked<'_, '_>,
    context: ScopeId,
    except: UserId,
) -> Result<()> {
    const OTHERS: &str = "-- owners.others_of
        SELECT EXISTS (SELECT FROM memberships m
                         JOIN users u ON u.enterprise_id = m.enterprise_id AND u.id = m.user_id
                        WHERE m.enterprise_id = $1 AND m.scope_id = $2 AND m.role = 'owner' AND u.status = 'active'
                          AND u.kind = 'person' AND u.id <> $3)";
    let enterprise = tree.caller().enterprise_id().uuid();
    let others: bool = tree.query_one(OTHERS, &[&enterprise, &context.0, &except.uuid()]).await?.get(0);
    others.then_some(()).ok_or_else(|| {
        Error::Conflict(
            "a context needs an active owner who is a person: make somebody else one first, or delete it"
                .to_owned(),
        )
    })
}

/// Hands over the contexts of which a departing user is the only owner, each to the member with the highest role and,
/// among these, the longest membership; returns the contexts and their new owners. The tenant's lock must be held.
pub async fn hand_over_contexts(tx: &Tx, person: UserId) -> Result<Vec<(ContextId, UserId)>, StoreError> {
    const HAND_OVER: &str = "-- context.hand_over
        SELECT h.context_id, h.heir FROM mem0.hand_over_contexts($1) h";
    let rows = tx.query(HAND_OVER, &[&person.uuid()]).await?;
    Ok(rows.iter().map(|row| (ContextId(row.get(0)), UserId(row.get(1)))).collect())
}
