//! The table `users`: only the columns that a request may see.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::{Kind, Membership, Status, User};
use crate::access::{Role, TenantTx, UpkeepTx};
use crate::db::StoreError;
use crate::email::EmailAddress;
use crate::ids::{ScopeId, UserId};
use crate::page::Cursor;
use crate::tenancy::place::Place;

/// Returns accounts with their role on the enterprise, oldest first.
pub(super) async fn list(
    tx: &TenantTx<'_>,
    status: Option<&str>,
    email: Option<&str>,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<User>, StoreError> {
    let rows = query(tx, None, status, email, after, most).await?;
    rows.iter().map(User::try_from).collect()
}

/// Returns one account.
pub(in crate::tenancy) async fn find(tx: &TenantTx<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    let rows = query(tx, Some(id), None, None, None, 1).await?;
    rows.first().map(User::try_from).transpose()
}

async fn query(
    tx: &TenantTx<'_>,
    only: Option<UserId>,
    status: Option<&str>,
    email: Option<&str>,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Row>, StoreError> {
    const LIST: &str = "-- user.list
        SELECT u.id, CASE WHEN u.kind = 'person' THEN u.email END AS email, u.display_name, u.kind, u.status, u.created_at, u.deactivated_at,
               (SELECT max(m.role)::text FROM mem0.held_roles m
                 WHERE m.enterprise_id = $1 AND m.user_id = u.id
                   AND m.scope_id = (SELECT id FROM scopes WHERE enterprise_id = $1 AND kind = 'enterprise')) AS role
          FROM users u
         WHERE u.enterprise_id = $1
           AND ($2::uuid IS NULL OR u.id = $2)
           AND ($3::text IS NULL OR u.status = $3)
           AND ($7::text IS NULL OR lower(u.email) = $7)
           AND ($4::timestamptz IS NULL OR (u.created_at, u.id) > ($4, $5::uuid))
         ORDER BY u.created_at, u.id
         LIMIT $6";
    tx.query(
        LIST,
        &[
            &tx.caller().enterprise_id().uuid(),
            &only.map(UserId::uuid),
            &status,
            &after.map(|at| at.created_at),
            &after.map(|at| at.id),
            &i64::from(most),
            &email,
        ],
    )
    .await
}

/// Returns the person with this address in the caller's enterprise.
pub(in crate::tenancy) async fn by_email(
    tx: &TenantTx<'_>,
    email: &EmailAddress,
) -> Result<Option<UserId>, StoreError> {
    const BY_EMAIL: &str = "-- user.by_email
        SELECT id FROM users WHERE enterprise_id = $1 AND lower(email) = $2 AND kind = 'person'";
    let row = tx.query_opt(BY_EMAIL, &[&tx.caller().enterprise_id().uuid(), &email.as_str()]).await?;
    Ok(row.map(|row| UserId(row.get(0))))
}

/// Returns the memberships of an account with their scopes, from the enterprise down.
pub(super) async fn memberships(
    tx: &TenantTx<'_>,
    user: UserId,
) -> Result<Vec<(ScopeId, Membership)>, StoreError> {
    const MEMBERSHIPS: &str = "-- user.list_memberships
        SELECT m.role::text, m.scope_id, s.kind, n.id AS node_id, n.name
          FROM memberships m
          JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
         WHERE m.enterprise_id = $1 AND m.user_id = $2
         ORDER BY cardinality(s.path), s.id";
    let rows = tx.query(MEMBERSHIPS, &[&tx.caller().enterprise_id().uuid(), &user.uuid()]).await?;
    rows.iter()
        .map(|row| {
            let role = role(row)?.ok_or_else(|| corrupt("no role".to_owned()))?;
            Ok((ScopeId(row.get("scope_id")), Membership { place: Place::try_from(row)?, role }))
        })
        .collect()
}

/// Returns a user's personal scope.
pub(super) async fn personal_scope(tx: &TenantTx<'_>, user: UserId) -> Result<Option<ScopeId>, StoreError> {
    const PERSONAL: &str = "-- user.personal_scope
        SELECT scope_id FROM users WHERE enterprise_id = $1 AND id = $2";
    let row = tx.query_opt(PERSONAL, &[&tx.caller().enterprise_id().uuid(), &user.uuid()]).await?;
    Ok(row.map(|row| ScopeId(row.get(0))))
}

/// Deletes some memories of departed users whose retention has ended; returns how many, and whether there may be more.
pub(super) async fn forget_leavers(
    tx: &UpkeepTx,
    at: DateTime<Utc>,
    most: i32,
) -> Result<(u64, bool), StoreError> {
    const FORGET: &str = "-- account.forget_leavers
        SELECT removed, more FROM mem0.forget_leavers($1, $2)";
    let row = tx.query_one(FORGET, &[&at, &most]).await?;
    Ok((u64::try_from(row.get::<_, i32>("removed")).unwrap_or_default(), row.get("more")))
}

impl TryFrom<&Row> for User {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.get("id")),
            email: row.get("email"),
            name: row.get("display_name"),
            kind: if row.get::<_, &str>("kind") == "service" { Kind::Service } else { Kind::Person },
            status: Status::from_row(row)?,
            role: role(row)?,
            created_at: row.get("created_at"),
            deactivated_at: row.get("deactivated_at"),
        })
    }
}

fn role(row: &Row) -> Result<Option<Role>, StoreError> {
    row.get::<_, Option<&str>>("role").map(str::parse).transpose().map_err(corrupt)
}

fn corrupt(problem: String) -> StoreError {
    StoreError::Corrupt { table: "memberships", column: "role", problem }
}
