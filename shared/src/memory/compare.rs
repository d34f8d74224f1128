//! In-process comparison of a query with the vectors of larger scopes (`docs/adr/0023-vector-codes.md`).

use std::time::Instant;

use crate::access::{PendingTx, ReadableScope, SearchTier};
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::memory::blocks::{self, Blocks, Place};
use crate::memory::store::blocks as store;

/// Maximum number of blocks per search, about 100,000 vectors. Beyond that, the database's graph index is cheaper for
/// broad scopes.
const MOST_BLOCKS: usize = 2_000;

/// The result of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// The scopes whose vectors were all compared.
    pub(crate) scopes: Vec<i64>,
    /// The nearest memories in those scopes.
    pub(crate) near: Vec<Place>,
}

/// Compares the query with the vectors in blocks, unless there are too many. Takes up to 1.5 times `nearest` from the
/// blocks, because codes are approximate and a memory in several scopes occurs more than once.
pub(super) async fn compare(
    kept: &Blocks,
    tx: &mut PendingTx<'_>,
    scopes: &[&ReadableScope],
    (query, model): (&Embedding, &str),
    nearest: i32,
) -> Result<Compared, StoreError> {
    let packed: Vec<_> = scopes.iter().filter(|scope| scope.packed).collect();
    let all: Vec<i64> = packed.iter().map(|scope| scope.id.0).collect();
    let small = packed.iter().filter(|scope| scope.tier == SearchTier::Small);
    let small: Vec<i64> = small.map(|scope| scope.id.0).collect();
    for scopes in [&all, &small] {
        if scopes.is_empty() {
            break;
        }
        let listing = store::list(tx, scopes, query, model, nearest).await?;
        if listing.blocks.len() > MOST_BLOCKS {
            continue;
        }
        let (mut here, missing) = kept.of(&listing.blocks);
        for (id, block) in store::read(tx, &listing.packed, model, &missing).await? {
            kept.keep(id, &block);
            here.push(block);
        }
        let started = Instant::now();
        let most = usize::try_from(nearest).unwrap_or_default().max(1) * 3 / 2;
        let mut near = blocks::nearest(query, &here, &listing.replaced, most);
        let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(blocks = here.len(), read = missing.len(), duration_us, "compared");
        near.extend(listing.near);
        return Ok(Compared { scopes: listing.packed, near });
    }
    Ok(Compared::default())
}
