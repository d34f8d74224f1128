//! The rule that an enterprise always has an active owner, and a context as long as it has members, for whatever could
//! break it: leaving, losing the role, being deactivated. Owners are people: a program answers for nobody.

use super::locked::{Locked, lock};
use crate::db::{StoreError, Tx};
use crate::error::{Error, Result};
use crate::ids::{ContextId, EnterpriseId, ScopeId, UserId};

/// Makes sure that the enterprise keeps an active owner besides this account: `Conflict` if not. Call it before taking
/// from the account what makes it one, and before the transaction locks any row.
///
/// Takes the tenant's lock: until the transaction ends no other one passes here for the same enterprise, so that two
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

/// The same of a context, about which nobody above it could decide.
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

/// The contexts that somebody who leaves owned alone, and to whom each went: the member of the highest role who has been one
/// for longest. The tenant's lock is held.
pub async fn hand_over_contexts(tx: &Tx, person: UserId) -> Result<Vec<(ContextId, UserId)>, StoreError> {
    const HAND_OVER: &str = "-- context.hand_over
        SELECT h.context_id, h.heir FROM mem0.hand_over_contexts($1) h";
    let rows = tx.query(HAND_OVER, &[&person.uuid()]).await?;
    Ok(rows.iter().map(|row| (ContextId(row.get(0)), UserId(row.get(1)))).collect())
}
