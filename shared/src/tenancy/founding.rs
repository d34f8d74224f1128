//! Creating the scopes of a tenant and its accounts: part of registration, before there is a caller.

use chrono::{DateTime, Utc};

use crate::access::{IdentityTx, Role};
use crate::db::StoreError;
use crate::ids::{EnterpriseId, ScopeId, UserId};

/// A new tenant.
#[derive(Debug, Clone, Copy)]
pub struct Founded {
    /// The tenant.
    pub enterprise: EnterpriseId,
    /// The root of its tree.
    pub root: ScopeId,
}

/// Creates an enterprise with its root scope and its public scope.
pub async fn found(tx: &IdentityTx, name: &str, at: DateTime<Utc>) -> Result<Founded, StoreError> {
    const ENTERPRISE: &str = "-- enterprise.insert
        INSERT INTO enterprises (id, name, created_at) VALUES ($1, $2, $3)";
    const SCOPES: &str = "-- enterprise.insert_scopes
        WITH ids AS (SELECT nextval('scope_ids') AS root, nextval('scope_ids') AS everyone)
        INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
        SELECT $1::uuid, root, 'enterprise', NULL, ARRAY[root] FROM ids
        UNION ALL
        SELECT $1::uuid, everyone, 'public', root, ARRAY[root, everyone] FROM ids
        RETURNING id, kind";
    let enterprise = EnterpriseId::generate();
    tx.execute(ENTERPRISE, &[&enterprise.uuid(), &name, &at]).await?;
    let rows = tx.query(SCOPES, &[&enterprise.uuid()]).await?;
    let root =
        rows.iter().find(|row| row.get::<_, &str>("kind") == "enterprise").map(|row| ScopeId(row.get("id")));
    let root = root.ok_or_else(|| StoreError::Corrupt {
        table: "scopes",
        column: "kind",
        problem: "a new enterprise has no root".to_owned(),
    })?;
    Ok(Founded { enterprise, root })
}

/// Creates the personal scope of a new account.
pub async fn personal_scope(tx: &IdentityTx, enterprise: EnterpriseId) -> Result<ScopeId, StoreError> {
    const SCOPE: &str = "-- user.insert_scope
        INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
        SELECT $1, i.id, 'user', r.id, ARRAY[r.id, i.id]
          FROM (SELECT nextval('scope_ids') AS id) i, scopes r
         WHERE r.enterprise_id = $1 AND r.kind = 'enterprise'
        RETURNING id";
    tx.query_one(SCOPE, &[&enterprise.uuid()]).await.map(|row| ScopeId(row.get(0)))
}

/// Makes a new account a member of a scope, or raises its role there; never lowers it.
pub async fn join(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    user: UserId,
    scope: ScopeId,
    role: Role,
    by: Option<UserId>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    const MEMBERSHIP: &str = "-- membership.join
        INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at, created_by)
        VALUES ($1, $2, $3, $4::text::member_role, $5, $6)
        ON CONFLICT (enterprise_id, user_id, scope_id)
            DO UPDATE SET role = greatest(memberships.role, excluded.role)";
    let by = by.map(UserId::uuid);
    tx.execute(MEMBERSHIP, &[&enterprise.uuid(), &user.uuid(), &scope.0, &role.as_str(), &at, &by])
        .await
        .map(drop)
}
