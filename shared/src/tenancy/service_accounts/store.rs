//! The rows of `users` that are service accounts.

use tokio_postgres::Row;

use super::ServiceAccount;
use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{ScopeId, UserId};
use crate::page::Cursor;
use crate::tenancy::locked::Locked;
use crate::tenancy::place::Place;
use crate::tenancy::users::Status;

/// A service account, its owner and its personal scope.
pub(super) struct Found {
    pub(super) owner: ScopeId,
    pub(super) personal: ScopeId,
    pub(super) shown: ServiceAccount,
}

/// Returns service accounts, oldest first.
pub(super) async fn find(
    tx: &TenantTx<'_>,
    only: Option<UserId>,
    owner: Option<ScopeId>,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Found>, StoreError> {
    const FIND: &str = "-- service_account.find
        SELECT u.id, u.display_name, u.status, u.created_at, u.deactivated_at, u.owner_scope_id, u.scope_id,
               s.kind, n.id AS node_id, n.name
          FROM users u
          JOIN scopes s ON s.enterprise_id = u.enterprise_id AND s.id = u.owner_scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
         WHERE u.enterprise_id = $1 AND u.owner_scope_id IS NOT NULL
           AND ($2::uuid IS NULL OR u.id = $2)
           AND ($3::bigint IS NULL OR u.owner_scope_id = $3)
           AND ($4::timestamptz IS NULL OR (u.created_at, u.id) > ($4, $5::uuid))
         ORDER BY u.created_at, u.id
         LIMIT $6";
    let enterprise = tx.caller().enterprise_id().uuid();
    let (time, id) = (after.map(|at| at.created_at), after.map(|at| at.id));
    let (only, owner) = (only.map(UserId::uuid), owner.map(|owner| owner.0));
    let rows = tx.query(FIND, &[&enterprise, &only, &owner, &time, &id, &i64::from(most)]).await?;
    rows.iter().map(Found::try_from).collect()
}

pub(super) async fn insert(
    tree: &Locked<'_, '_>,
    id: UserId,
    owner: ScopeId,
    name: &str,
) -> Result<(), StoreError> {
    const INSERT: &str = "-- service_account.insert
        SELECT mem0.create_service_account($1, $2, $3, $4)";
    tree.query_one(INSERT, &[&id.uuid(), &owner.0, &name, &tree.caller().request().at]).await.map(drop)
}

pub(super) async fn rename(tree: &Locked<'_, '_>, id: UserId, name: &str) -> Result<(), StoreError> {
    const RENAME: &str = "-- service_account.rename
        UPDATE users SET display_name = $3, updated_at = $4 WHERE enterprise_id = $1 AND id = $2";
    let caller = tree.caller();
    let enterprise = caller.enterprise_id().uuid();
    tree.execute(RENAME, &[&enterprise, &id.uuid(), &name, &caller.request().at]).await.map(drop)
}

impl TryFrom<&Row> for Found {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            owner: ScopeId(row.get("owner_scope_id")),
            personal: ScopeId(row.get("scope_id")),
            shown: ServiceAccount {
                id: UserId(row.get("id")),
                name: row.get("display_name"),
                owned_by: Place::try_from(row)?,
                status: Status::from_row(row)?,
                created_at: row.get("created_at"),
                deactivated_at: row.get("deactivated_at"),
            },
        })
    }
}
