//! The role on which rules with `author_roles` depend.

use super::Effective;
use crate::access::{AuthContext, Role, TenantTx};
use crate::db::StoreError;
use crate::ids::UserId;

/// Returns the role that counts for what lives under a policy. At a node, that is the role which the sharer has there. In
/// their own scope everybody is the owner, and in a context whoever made it, which says nothing about how much the
/// enterprise trusts them. There it is the highest role that they hold on a node or on the enterprise, and not more than
/// the author's.
pub(crate) async fn role_for(
    tx: &TenantTx<'_>,
    policy: &Effective,
    sharer: &AuthContext,
    author: UserId,
) -> Result<Option<Role>, StoreError> {
    if !policy.is_of_people() {
        let home = policy.path.last().and_then(|home| sharer.scope(*home));
        return Ok(home.and_then(|home| home.role));
    }
    // No other rule asks for it.
    if !policy.asks_for_roles() {
        return Ok(None);
    }
    let one = standing(tx, sharer.user_id()).await?;
    let other = if author == sharer.user_id() { one } else { standing(tx, author).await? };
    Ok(one.min(other))
}

/// Returns the highest role that somebody holds on a node or on the enterprise.
async fn standing(tx: &TenantTx<'_>, person: UserId) -> Result<Option<Role>, StoreError> {
    const STANDING: &str = "-- sharing_policy.find_standing
        SELECT max(h.role)::text
          FROM mem0.held_roles h
          JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.scope_id AND s.kind <> 'context'
         WHERE h.enterprise_id = $1 AND h.user_id = $2";
    let corrupt = |problem| StoreError::Corrupt { table: "memberships", column: "role", problem };
    let enterprise = tx.caller().enterprise_id().uuid();
    let row = tx.query_one(STANDING, &[&enterprise, &person.uuid()]).await?;
    row.get::<_, Option<&str>>(0).map(|role| role.parse().map_err(corrupt)).transpose()
}
