//! The queue of vectors to be made. The schema's functions do the work, because row-level security shows no memories to
//! maintenance transactions.

use chrono::{DateTime, Utc};
use pgvector::HalfVector;
use uuid::Uuid;

use crate::access::UpkeepTx;
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::{EnterpriseId, MemoryId};

/// A memory that is claimed by this worker.
pub(crate) struct Claimed {
    pub(crate) enterprise: EnterpriseId,
    pub(crate) id: MemoryId,
    pub(crate) version: i32,
    pub(crate) content: String,
}

/// The number of memories with vectors of one model, or with none.
pub(crate) struct Count {
    pub(crate) model: Option<String>,
    pub(crate) memories: i64,
    pub(crate) failing: i64,
}

const CLAIM: &str = "-- embedding_work.claim
    SELECT c.enterprise_id, c.memory_id, c.version, c.content
      FROM mem0.claim_embedding_work($1, $2, interval '2 minutes', $3) c";

const FINISH: &str = "-- embedding_work.finish
    SELECT mem0.finish_embedding_work($1, $2, $3, $4, $5)";

const RELEASE: &str = "-- embedding_work.release
    SELECT mem0.release_embedding_work($1, $2, $3)";

const PROGRESS: &str = "-- embedding_work.progress
    SELECT p.model, p.memories, p.failing FROM mem0.embedding_progress() p";

/// Claims up to `most` memories without a vector of this model. A claim lasts two minutes, longer with each failure.
pub(crate) async fn claim(
    tx: &UpkeepTx,
    model: &str,
    at: DateTime<Utc>,
    most: i32,
) -> Result<Vec<Claimed>, StoreError> {
    let rows = tx.query(CLAIM, &[&model, &at, &most]).await?;
    let claimed = rows.iter().map(|row| Claimed {
        enterprise: EnterpriseId(row.get("enterprise_id")),
        id: MemoryId(row.get("memory_id")),
        version: row.get("version"),
        content: row.get("content"),
    });
    Ok(claimed.collect())
}

/// Stores vectors of this model for those memories that are unchanged since they were claimed, and returns how many.
pub(crate) async fn finish(
    tx: &UpkeepTx,
    model: &str,
    embedded: &[(&Claimed, Embedding)],
) -> Result<usize, StoreError> {
    let (enterprises, ids) = keys(embedded.iter().map(|(claimed, _)| *claimed));
    let versions: Vec<i32> = embedded.iter().map(|(claimed, _)| claimed.version).collect();
    let embeddings: Vec<HalfVector> = embedded.iter().map(|(_, embedding)| embedding.into()).collect();
    let row = tx.query_one(FINISH, &[&model, &enterprises, &ids, &versions, &embeddings]).await?;
    Ok(usize::try_from(row.get::<_, i32>(0)).unwrap_or_default())
}

/// Releases claims as if they had not been made; the memories are due again at the given time.
pub(crate) async fn release(
    tx: &UpkeepTx,
    claimed: &[Claimed],
    due: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (enterprises, ids) = keys(claimed.iter());
    tx.query_one(RELEASE, &[&enterprises, &ids, &due]).await.map(drop)
}

/// Counts memories by model.
pub(crate) async fn progress(tx: &UpkeepTx) -> Result<Vec<Count>, StoreError> {
    let rows = tx.query(PROGRESS, &[]).await?;
    let counts = rows.iter().map(|row| Count {
        model: row.get("model"),
        memories: row.get("memories"),
        failing: row.get("failing"),
    });
    Ok(counts.collect())
}

fn keys<'a>(claimed: impl Iterator<Item = &'a Claimed>) -> (Vec<Uuid>, Vec<Uuid>) {
    claimed.map(|claimed| (claimed.enterprise.uuid(), claimed.id.uuid())).unzip()
}
