//! Blocks of vectors: listing them and reading their contents.

use std::collections::HashSet;
use std::sync::Arc;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::PendingTx;
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::ScopeId;
use crate::memory::blocks::{Block, Place};

/// Maximum number of blocks per query: two megabytes.
const BATCH: usize = 256;

/// The blocks of some scopes, and what has changed since they were packed.
pub(crate) struct Listing {
    /// The requested scopes that have blocks.
    pub(crate) packed: Vec<i64>,
    /// Their blocks.
    pub(crate) blocks: Vec<Uuid>,
    /// Memories whose entries in blocks are out of date.
    pub(crate) replaced: HashSet<Place>,
    /// The nearest memories that are in no block.
    pub(crate) near: Vec<Place>,
}

const LIST: &str = "-- search.list_blocks
    SELECT packed, blocks, replaced_scopes, replaced, near_scopes, near
      FROM mem0.list_vector_blocks($1, $2::real[]::halfvec, $3, $4)";

const READ: &str = "-- search.read_blocks
    SELECT id, scope_id, memory_ids, codes FROM mem0.read_vector_blocks($1, $2, $3)";

/// Lists the blocks of a model in these scopes, with up to twice `nearest` memories that are in no block.
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

/// Reads the contents of those blocks that still exist.
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

/// Zips a column of scopes and a column of memories of the same length.
fn places(row: &Row, scopes: &str, memories: &str) -> impl Iterator<Item = Place> {
    let scopes = row.get::<_, Vec<i64>>(scopes).into_iter().map(ScopeId);
    scopes.zip(row.get::<_, Vec<Uuid>>(memories))
}

fn corrupt(column: &'static str, problem: &str) -> StoreError {
    StoreError::Corrupt { table: "vector_blocks", column, problem: problem.to_owned() }
}
