//! Rows of `approval_delegates`.

use tokio_postgres::Row;

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{DelegateId, ScopeId, UserId};
use crate::sharing::approvals::Delegate;

pub(in crate::sharing) async fn insert(
    tx: &TenantTx<'_>,
    scope: ScopeId,
    new: &Delegate,
) -> Result<(), StoreError> {
    const INSERT: &str = "-- approval_delegate.insert
        INSERT INTO approval_delegates (enterprise_id, id, scope_id, from_user_id, to_user_id, starts_at, ends_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let caller = tx.caller();
    tx.execute(
        INSERT,
        &[
            &caller.enterprise_id().uuid(),
            &new.id.uuid(),
            &scope.0,
            &new.from.uuid(),
            &new.to.uuid(),
            &new.starts_at,
            &new.ends_at,
            &caller.request().at,
        ],
    )
    .await
    .map(drop)
}

/// Those whose time is not over, the earliest to end first.
pub(in crate::sharing) async fn list(tx: &TenantTx<'_>, scope: ScopeId) -> Result<Vec<Delegate>, StoreError> {
    const LIST: &str = "-- approval_delegate.list
        SELECT id, from_user_id, to_user_id, starts_at, ends_at
          FROM approval_delegates
         WHERE enterprise_id = $1 AND scope_id = $2 AND revoked_at IS NULL AND ends_at > $3
         ORDER BY ends_at, id
         LIMIT 1000";
    let caller = tx.caller();
    let rows = tx.query(LIST, &[&caller.enterprise_id().uuid(), &scope.0, &caller.request().at]).await?;
    let delegate = |row: &Row| Delegate {
        id: DelegateId(row.get("id")),
        from: UserId(row.get("from_user_id")),
        to: UserId(row.get("to_user_id")),
        starts_at: row.get("starts_at"),
        ends_at: row.get("ends_at"),
    };
    Ok(rows.iter().map(delegate).collect())
}

/// Ends what the caller delegated or was delegated; whether there was such a thing.
pub(in crate::sharing) async fn end(tx: &TenantTx<'_>, id: DelegateId) -> Result<bool, StoreError> {
    const END: &str = "-- approval_delegate.end
        UPDATE approval_delegates SET revoked_at = $4
         WHERE enterprise_id = $1 AND id = $2 AND $3 IN (from_user_id, to_user_id) AND revoked_at IS NULL";
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    Ok(tx.execute(END, &[&enterprise, &id.uuid(), &user, &caller.request().at]).await? > 0)
}
