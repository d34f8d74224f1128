//! Contexts: scopes with a name among the nodes and a description among its settings.

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{ContextId, ScopeId};
use crate::page::Cursor;
use crate::sharing::contexts::Context;

/// A context with the caller as its owner.
pub(in crate::sharing) async fn insert(
    tx: &TenantTx<'_>,
    id: ContextId,
    name: &str,
    description: &str,
) -> Result<ScopeId, StoreError> {
    const INSERT: &str = "-- context.insert
        WITH scope AS (
            INSERT INTO scopes (enterprise_id, id, kind, path)
            SELECT $1, i.id, 'context', ARRAY[i.id] FROM (SELECT nextval('scope_ids') AS id) i
            RETURNING id
        ), named AS (
            INSERT INTO sub_organizations (enterprise_id, id, scope_id, name, settings, created_at, updated_at)
            SELECT $1, $2, scope.id, $3, jsonb_build_object('description', $4::text), $5, $5 FROM scope
        ), owned AS (
            INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at, created_by)
            SELECT $1, $6, scope.id, 'owner', $5, $6 FROM scope
        )
        SELECT id FROM scope";
    let caller = tx.caller();
    let row = tx
        .query_one(
            INSERT,
            &[
                &caller.enterprise_id().uuid(),
                &id.uuid(),
                &name,
                &description,
                &caller.request().at,
                &caller.user_id().uuid(),
            ],
        )
        .await?;
    Ok(ScopeId(row.get(0)))
}

/// Those of these scopes that are contexts, oldest first.
pub(in crate::sharing) async fn list(
    tx: &TenantTx<'_>,
    scopes: &[i64],
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Context>, StoreError> {
    const LIST: &str = "-- context.list
        SELECT n.id, n.name, coalesce(n.settings ->> 'description', '') AS description, n.created_at, n.updated_at,
               (SELECT max(h.role)::text FROM mem0.held_roles h
                 WHERE h.enterprise_id = $1 AND h.user_id = $2 AND h.scope_id = s.id) AS role
          FROM scopes s
          JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
         WHERE s.enterprise_id = $1 AND s.id = ANY ($3) AND s.kind = 'context'
           AND ($4::timestamptz IS NULL OR (n.created_at, n.id) > ($4, $5::uuid))
         ORDER BY n.created_at, n.id
         LIMIT $6";
    let caller = tx.caller();
    let rows = tx
        .query(
            LIST,
            &[
                &caller.enterprise_id().uuid(),
                &caller.user_id().uuid(),
                &scopes,
                &after.map(|after| after.created_at),
                &after.map(|after| after.id),
                &i64::from(most),
            ],
        )
        .await?;
    let corrupt = |problem| StoreError::Corrupt { table: "memberships", column: "role", problem };
    rows.iter()
        .map(|row| {
            let id = ContextId(row.get("id"));
            let role = row.get::<_, Option<&str>>("role").map(str::parse).transpose();
            Ok(Context {
                id,
                scope: format!("context:{id}"),
                name: row.get("name"),
                description: row.get("description"),
                role: role.map_err(corrupt)?,
                created_at: row.get("created_at"),
                updated_at: row.get("updated_at"),
            })
        })
        .collect()
}

pub(in crate::sharing) async fn update(
    tx: &TenantTx<'_>,
    id: ContextId,
    name: Option<&str>,
    description: Option<&str>,
) -> Result<(), StoreError> {
    const UPDATE: &str = "-- context.update
        UPDATE sub_organizations
           SET name = coalesce($3, name), updated_at = $5,
               settings = CASE WHEN $4::text IS NULL THEN settings
                               ELSE jsonb_set(settings, '{description}', to_jsonb($4::text)) END
         WHERE enterprise_id = $1 AND id = $2";
    let caller = tx.caller();
    let enterprise = caller.enterprise_id().uuid();
    tx.execute(UPDATE, &[&enterprise, &id.uuid(), &name, &description, &caller.request().at]).await.map(drop)
}

/// Waits for memories that are being written to it, and keeps further ones out.
pub(in crate::sharing) async fn hold(tx: &TenantTx<'_>, scope: ScopeId) -> Result<(), StoreError> {
    const HOLD: &str = "-- context.hold
        SELECT pg_advisory_xact_lock(mem0.scope_lock($1))";
    tx.query_one(HOLD, &[&scope.0]).await.map(drop)
}

/// Ends everything that is shared with it, and it with anybody.
pub(in crate::sharing) async fn unpin_all(tx: &TenantTx<'_>, scope: ScopeId) -> Result<(), StoreError> {
    const UNPIN: &str = "-- context.unpin_all
        SELECT mem0.empty_context($1, $2)";
    tx.query_one(UNPIN, &[&scope.0, &tx.caller().user_id().uuid()]).await.map(drop)
}

pub(in crate::sharing) async fn delete(tx: &TenantTx<'_>, scope: ScopeId) -> Result<(), StoreError> {
    const DELETE: &str = "-- context.delete
        DELETE FROM scopes WHERE enterprise_id = $1 AND id = $2 AND kind = 'context'";
    tx.execute(DELETE, &[&tx.caller().enterprise_id().uuid(), &scope.0]).await.map(drop)
}
