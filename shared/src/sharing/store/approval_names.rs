//! The names of the people and scopes in requests, for those who read them.

use std::collections::HashMap;

use uuid::Uuid;

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{ScopeId, UserId};
use crate::sharing::approvals::Approval;

/// Adds the names that requests and their decisions lack.
pub(in crate::sharing) async fn name(tx: &TenantTx<'_>, asked: &mut [Approval]) -> Result<(), StoreError> {
    const NAMES: &str = "-- approval.list_names
        SELECT u.id AS user_id, NULL::bigint AS scope_id, coalesce(u.display_name, u.email) AS name
          FROM users u WHERE u.enterprise_id = $1 AND u.id = ANY ($2)
         UNION ALL
        SELECT NULL, s.id, coalesce(n.name, u.display_name, u.email)
          FROM scopes s
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
          LEFT JOIN users u ON u.enterprise_id = s.enterprise_id AND u.scope_id = s.id
         WHERE s.enterprise_id = $1 AND s.id = ANY ($3)";
    if asked.is_empty() {
        return Ok(());
    }
    let deciders = |it: &Approval| it.decisions.iter().filter_map(|part| part.decided_by).collect::<Vec<_>>();
    let people = asked
        .iter()
        .flat_map(|it| [Some(it.requested_by), it.decided_by].into_iter().flatten().chain(deciders(it)));
    let people: Vec<Uuid> = people.map(UserId::uuid).collect();
    let nodes = |it: &Approval| it.decisions.iter().map(|part| part.node_scope.0).collect::<Vec<_>>();
    let scopes = asked.iter().flat_map(|it| [it.grantee.0, it.node_scope.0].into_iter().chain(nodes(it)));
    let scopes: Vec<i64> = scopes.collect();
    let rows = tx.query(NAMES, &[&tx.caller().enterprise_id().uuid(), &people, &scopes]).await?;
    let (mut named, mut places) = (HashMap::new(), HashMap::new());
    for row in rows {
        let Some(name) = row.get::<_, Option<String>>("name") else { continue };
        match row.get::<_, Option<Uuid>>("user_id") {
            Some(user) => drop(named.insert(UserId(user), name)),
            None => drop(places.insert(ScopeId(row.get("scope_id")), name)),
        }
    }
    for it in asked {
        it.with_name = places.get(&it.grantee).cloned();
        it.node_name = places.get(&it.node_scope).cloned();
        it.requested_by_name = named.get(&it.requested_by).cloned();
        it.decided_by_name = it.decided_by.and_then(|user| named.get(&user).cloned());
        for part in &mut it.decisions {
            part.node_name = places.get(&part.node_scope).cloned();
            part.decided_by_name = part.decided_by.and_then(|user| named.get(&user).cloned());
        }
    }
    Ok(())
}
