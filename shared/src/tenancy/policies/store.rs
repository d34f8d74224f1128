//! The table `sharing_policies`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use super::{Effective, SharingPolicy};
use crate::access::{ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::ids::{ScopeId, UserId};
use crate::tenancy::locked::Locked;

/// A node's own policy.
pub(super) struct Own {
    pub(super) policy: SharingPolicy,
    pub(super) updated_by: UserId,
    pub(super) updated_at: DateTime<Utc>,
}

/// Returns, for each of these scopes that exists, the combined policies of the nodes on its path.
pub(super) async fn over(
    tx: &TenantTx<'_>,
    scopes: &[ScopeId],
) -> Result<HashMap<ScopeId, Effective>, StoreError> {
    const OVER: &str = "-- sharing_policy.list_over
        SELECT s.id, s.kind, s.path, p.scope_id AS said_by, p.default_classification::text, p.audiences, p.approvals
          FROM scopes s
          LEFT JOIN sharing_policies p ON p.enterprise_id = s.enterprise_id 
                AND (p.scope_id = ANY (s.path)
                     -- A context hangs below nothing, and yet belongs to the enterprise.
                     OR (s.kind = 'context' AND p.scope_id = (
                         SELECT e.id FROM scopes e WHERE e.enterprise_id = $1 AND e.kind = 'enterprise' AND e.kind <> 'user')))
         WHERE s.enterprise_id = $1 AND s.id = ANY ($2)
         ORDER BY s.id, array_position(s.path, p.scope_id)";
    let ids: Vec<i64> = scopes.iter().map(|scope| scope.0).collect();
    let rows = tx.query(OVER, &[&tx.caller().enterprise_id().uuid(), &ids]).await?;
    let mut found = HashMap::new();
    for rows in rows.chunk_by(|one, next| one.get::<_, i64>("id") == next.get::<_, i64>("id")) {
        let kind: Result<ScopeKind, _> = rows[0].get::<_, &str>("kind").parse();
        let kind =
            kind.map_err(|problem| StoreError::Corrupt { table: "scopes", column: "kind", problem })?;
        let path = rows[0].get::<_, Vec<i64>>("path").into_iter().map(ScopeId).collect();
        let said = rows.iter().filter(|row| row.get::<_, Option<Value>>("audiences").is_some());
        let policies = said
            .map(|row| Ok((ScopeId(row.get("said_by")), policy(row)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        found.insert(ScopeId(rows[0].get("id")), Effective::new(kind, path, &policies));
    }
    Ok(found)
}

/// Returns the policies of a node, of those above it and of those below it, from the top.
pub(super) async fn around(
    tx: &TenantTx<'_>,
    node: ScopeId,
) -> Result<Vec<(ScopeId, SharingPolicy)>, StoreError> {
    const AROUND: &str = "-- sharing_policy.list_around
        SELECT s.id, p.default_classification::text, p.audiences, p.approvals
          FROM sharing_policies p
          JOIN scopes s ON s.enterprise_id = p.enterprise_id AND s.id = p.scope_id
          JOIN scopes n ON n.enterprise_id = p.enterprise_id AND n.id = $2
         WHERE p.enterprise_id = $1 AND (s.id = ANY (n.path) OR n.id = ANY (s.path))
         ORDER BY cardinality(s.path), s.id";
    let rows = tx.query(AROUND, &[&tx.caller().enterprise_id().uuid(), &node.0]).await?;
    rows.iter().map(|row| Ok((ScopeId(row.get("id")), policy(row)?))).collect()
}

pub(super) async fn lookup(tx: &TenantTx<'_>, scope: ScopeId) -> Result<Option<Own>, StoreError> {
    const LOOKUP: &str = "-- sharing_policy.lookup
        SELECT default_classification::text, audiences, approvals, updated_by, updated_at
          FROM sharing_policies WHERE enterprise_id = $1 AND scope_id = $2";
    let row = tx.query_opt(LOOKUP, &[&tx.caller().enterprise_id().uuid(), &scope.0]).await?;
    row.map(|row| {
        Ok(Own {
            policy: policy(&row)?,
            updated_by: UserId(row.get("updated_by")),
            updated_at: row.get("updated_at"),
        })
    })
    .transpose()
}

pub(super) async fn put(
    tree: &Locked<'_, '_>,
    scope: ScopeId,
    policy: &SharingPolicy,
) -> Result<(), StoreError> {
    const PUT: &str = "-- sharing_policy.put
        INSERT INTO sharing_policies (enterprise_id, scope_id, default_classification, audiences, approvals, updated_by, updated_at)
        VALUES ($1, $2, $3::text::classification, $4, $7, $5, $6)
        ON CONFLICT (enterprise_id, scope_id)
            DO UPDATE SET default_classification = excluded.default_classification, audiences = excluded.audiences,
                          approvals = excluded.approvals,
                          updated_by = excluded.updated_by, updated_at = excluded.updated_at";
    let caller = tree.caller();
    tree.execute(
        PUT,
        &[
            &caller.enterprise_id().uuid(),
            &scope.0,
            &policy.default_classification.map(|class| class.as_str()),
            &Json(&policy.audiences),
            &caller.user_id().uuid(),
            &caller.request().at,
            &Json(&policy.approvals),
        ],
    )
    .await
    .map(drop)
}

fn policy(row: &Row) -> Result<SharingPolicy, StoreError> {
    let corrupt = |column, problem| StoreError::Corrupt { table: "sharing_policies", column, problem };
    let default = row.get::<_, Option<&str>>("default_classification").map(str::parse).transpose();
    let audiences = serde_json::from_value(row.get("audiences"));
    let approvals = serde_json::from_value(row.get("approvals"));
    Ok(SharingPolicy {
        default_classification: default.map_err(|problem| corrupt("default_classification", problem))?,
        approvals: approvals.map_err(|error| corrupt("approvals", error.to_string()))?,
        audiences: audiences.map_err(|error| corrupt("audiences", error.to_string()))?,
    })
}
