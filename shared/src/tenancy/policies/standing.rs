//! The role on which rules with `author_roles` depend.

use std::collections::HashMap;

use uuid::Uuid;

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
    Ok(roles_for(tx, sharer, &[(policy, author)]).await?.pop().flatten())
}

/// Does the same for several things at once, in the given order.
pub(crate) async fn roles_for(
    tx: &TenantTx<'_>,
    sharer: &AuthContext,
    things: &[(&Effective, UserId)],
) -> Result<Vec<Option<Role>>, StoreError> {
    // No other rule asks for it.
    let asks = |policy: &Effective| policy.is_of_people() && policy.asks_for_roles();
    let mut people: Vec<UserId> =
        things.iter().filter(|(policy, _)| asks(policy)).map(|(_, author)| *author).collect();
    if !people.is_empty() {
        people.push(sharer.user_id());
    }
    let standings = standings(tx, &people).await?;
    let standing = |person: UserId| standings.get(&person).copied();
    let role = |(policy, author): &(&Effective, UserId)| match policy.is_of_people() {
        true if asks(policy) => standing(sharer.user_id()).min(standing(*author)),
        true => None,
        false => policy.path.last().and_then(|home| sharer.scope(*home)).and_then(|home| home.role),
    };
    Ok(things.iter().map(role).collect())
}

/// Returns the highest role that each of them holds on a node or on the enterprise, if any.
async fn standings(tx: &TenantTx<'_>, people: &[UserId]) -> Result<HashMap<UserId, Role>, StoreError> {
    const STANDINGS: &str = "-- sharing_policy.list_standings
        SELECT h.user_id, max(h.role)::text AS role
          FROM mem0.held_roles h
          JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.scope_id AND s.kind <> 'context'
         WHERE h.enterprise_id = $1 AND h.user_id = ANY ($2)
         GROUP BY h.user_id";
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let corrupt = |problem| StoreError::Corrupt { table: "memberships", column: "role", problem };
    let people: Vec<Uuid> = people.iter().map(|person| person.uuid()).collect();
    let rows = tx.query(STANDINGS, &[&tx.caller().enterprise_id().uuid(), &people]).await?;
    let standing = |row: &tokio_postgres::Row| {
        let role = row.get::<_, &str>("role").parse().map_err(corrupt)?;
        Ok((UserId(row.get("user_id")), role))
    };
    rows.iter().map(standing).collect()
}
