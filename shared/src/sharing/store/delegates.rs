//! Rows of `approval_delegates`.

use tokio_postgres::Row;

use super::approval_parts::administered;
use super::people;
use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{DelegateId, ScopeId, UserId};
use crate::page::Cursor;
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

/// Lists those that have not ended, earliest to end first.
pub(in crate::sharing) async fn list(
    tx: &TenantTx<'_>,
    scope: ScopeId,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Delegate>, StoreError> {
    const LIST: &str = "-- approval_delegate.list
        SELECT id, from_user_id, to_user_id, starts_at, ends_at
          FROM approval_delegates
         WHERE enterprise_id = $1 AND scope_id = $2 AND revoked_at IS NULL AND ends_at > $3
           AND ($4::timestamptz IS NULL OR (ends_at, id) > ($4, $5::uuid))
         ORDER BY ends_at, id
         LIMIT $6";
    let caller = tx.caller();
    let rows = tx
        .query(
            LIST,
            &[
                &caller.enterprise_id().uuid(),
                &scope.0,
                &caller.request().at,
                &after.map(|after| after.created_at),
                &after.map(|after| after.id),
                &i64::from(most),
            ],
        )
        .await?;
    let delegate = |row: &Row| Delegate {
        id: DelegateId(row.get("id")),
        from: UserId(row.get("from_user_id")),
        from_name: None,
        to: UserId(row.get("to_user_id")),
        to_name: None,
        starts_at: row.get("starts_at"),
        ends_at: row.get("ends_at"),
    };
    Ok(rows.iter().map(delegate).collect())
}

/// Adds the names of the people.
pub(in crate::sharing) async fn name(
    tx: &TenantTx<'_>,
    delegates: &mut [Delegate],
) -> Result<(), StoreError> {
    let people: Vec<UserId> = delegates.iter().flat_map(|it| [it.from, it.to]).collect();
    let names = people::names(tx, &people).await?;
    for it in delegates {
        it.from_name = names.get(&it.from).cloned();
        it.to_name = names.get(&it.to).cloned();
    }
    Ok(())
}

/// Returns the number of the caller's current and future delegates on a node.
pub(in crate::sharing) async fn count(tx: &TenantTx<'_>, scope: ScopeId) -> Result<i64, StoreError> {
    const COUNT: &str = "-- approval_delegate.count
        SELECT count(*) FROM approval_delegates
         WHERE enterprise_id = $1 AND scope_id = $2 AND from_user_id = $3 AND revoked_at IS NULL AND ends_at > $4";
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    Ok(tx.query_one(COUNT, &[&enterprise, &scope.0, &user, &caller.request().at]).await?.get(0))
}

/// Ends a delegation that the caller made, received, or administers the node of. Returns the node's scope, if there was
/// such a delegation.
pub(in crate::sharing) async fn end(
    tx: &TenantTx<'_>,
    id: DelegateId,
) -> Result<Option<ScopeId>, StoreError> {
    const END: &str = "-- approval_delegate.end
        UPDATE approval_delegates SET revoked_at = $4
         WHERE enterprise_id = $1 AND id = $2 AND revoked_at IS NULL
           AND ($3 IN (from_user_id, to_user_id) OR scope_id = ANY ($5))
        RETURNING scope_id";
    let caller = tx.caller();
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let ended = [
        &enterprise as _,
        &id.uuid() as _,
        &user as _,
        &caller.request().at as _,
        &administered(caller) as _,
    ];
    Ok(tx.query_opt(END, &ended).await?.map(|row| ScopeId(row.get(0))))
}
