//! Rows of `memory_feedback`.

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{FeedbackId, MemoryId};
use crate::memory::Opinion;

const UPSERT: &str = "-- memory_feedback.upsert
    INSERT INTO memory_feedback (enterprise_id, memory_id, user_id, id, feedback, reason, at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (enterprise_id, memory_id, user_id)
        DO UPDATE SET feedback = excluded.feedback, reason = excluded.reason, at = excluded.at
    RETURNING id";

const DELETE: &str = "-- memory_feedback.delete
    DELETE FROM memory_feedback WHERE enterprise_id = $1 AND memory_id = $2 AND user_id = $3";

/// Stores the caller's opinion, replacing an earlier one, and returns its id.
pub(crate) async fn upsert(
    tx: &TenantTx<'_>,
    id: MemoryId,
    opinion: Opinion,
    reason: Option<&str>,
) -> Result<FeedbackId, StoreError> {
    let caller = tx.caller();
    let row = tx
        .query_one(
            UPSERT,
            &[
                &caller.enterprise_id().uuid(),
                &id.uuid(),
                &caller.user_id().uuid(),
                &FeedbackId::generate().uuid(),
                &opinion.as_str(),
                &reason,
                &caller.request().at,
            ],
        )
        .await?;
    Ok(FeedbackId(row.get("id")))
}

/// Removes the caller's opinion.
pub(crate) async fn delete(tx: &TenantTx<'_>, id: MemoryId) -> Result<(), StoreError> {
    let caller = tx.caller();
    tx.execute(DELETE, &[&caller.enterprise_id().uuid(), &id.uuid(), &caller.user_id().uuid()])
        .await
        .map(drop)
}
