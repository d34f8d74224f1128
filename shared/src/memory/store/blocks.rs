//! Blocks of vectors: which there are, and what is in them.

use std::collections::HashSet;
use std::sync::Arc;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::PendingTx;
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::ScopeId;
use crate::memory::blocks::{Block, Place};

/// Blocks in one answer: two megabytes.
const BATCH: usize = 256;

/// Where the vectors of scopes are that are kept in blocks, and what has changed since.
pub(crate) struct Listing {
    /// Of the scopes asked for, those that have blocks.
    pub(crate) packed: Vec<i64>,
    /// Their blocks.
    pub(crate) blocks: Vec<Uuid>,
    /// Whose entries in blocks do not count any more.
    pub(crate) replaced: HashSet<Place>,
    /// The nearest of what no block has.
    pub(crate) near: Vec<Place>,
}

const LIST: &str = "-- search.list_blocks
    SELECT packed, blocks, replaced_scopes, replaced, near_scopes, near
      FROM mem0.list_vector_blocks($1, $2::real[]::halfvec, $3, $4)";

const READ: &str = "-- search.read_blocks
    SELECT id, scope_id, memory_ids, codes FROM mem0.read_vector_blocks($1, $2, $3)";

/// What there is of a model in these scopes, with up to twice `nearest` of what no block has.
pub(crate) async fn list(
    tx: &mut PendingTx<'_>,
    scopes: &[i64],
    query: &Embedding,
    model: &str,
    nearest: i32,
) -> Result<Listing, StoreError> {
    let rows = tx.query(LIST, &[&scopes, &query.as_ref(), &model, &nearest], true).await?;
    let row = rows.first().ok_or_else(|| corrupt("id", "no answer"))?;
    Ok(Listing {
        packed: row.get("packed"),
        blocks: row.get("blocks"),
        replaced: places(row, "replaced_scopes", "replaced").collect(),
        near: places(row, "near_scopes", "near").collect(),
    })
}

/// The contents of these, as far as they are still there.
pub(crate) async fn read(
    tx: &mut PendingTx<'_>,
    scopes: &[i64],
    model: &str,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, Arc<Block>)>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(BATCH) {
        for row in tx.query(READ, &[&scopes, &model, &ids], true).await? {
            let block = Block::new(ScopeId(row.get("scope_id")), row.get("memory_ids"), row.get("codes"))
                .ok_or_else(|| corrupt("codes", "not one for each memory"))?;
            found.push((row.get("id"), Arc::new(block)));
        }
    }
    Ok(found)
}

/// Memories with their scopes, from two columns of the same length.
fn places(row: &Row, scopes: &str, memories: &str) -> impl Iterator<Item = Place> {
    let scopes = row.get::<_, Vec<i64>>(scopes).into_iter().map(ScopeId);
    scopes.zip(row.get::<_, Vec<Uuid>>(memories))
}

fn corrupt(column: &'static str, problem: &str) -> StoreError {
    StoreError::Corrupt { table: "vector_blocks", column, problem: problem.to_owned() }
}
