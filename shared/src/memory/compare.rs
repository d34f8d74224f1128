//! In-process comparison of a query with the vectors of larger scopes (`docs/adr/0023-vector-codes.md`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crate::access::{PendingTx, ReadableScope, SearchTier};
use crate::db::StoreError;
use crate::embedding::Embedding;
use crate::ids::ScopeId;
use crate::memory::blocks::{self, Block, Blocks, Place};
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

/// Compares the query with the vectors in blocks, unless there are too many. Takes of each level up to 1.5 times `nearest`
/// from the blocks, because codes are approximate and a memory in several scopes occurs more than once.
pub(super) async fn compare(
    kept: &Blocks,
    tx: &mut PendingTx<'_>,
    levels: &[&[&ReadableScope]],
    (query, model): (&Embedding, &str),
    nearest: i32,
) -> Result<Compared, StoreError> {
    let packed: Vec<_> = levels.iter().copied().flatten().filter(|scope| scope.packed).collect();
    let all: Vec<i64> = packed.iter().map(|scope| scope.id.0).collect();
    let small = packed.iter().filter(|scope| scope.tier == SearchTier::Small);
    let small: Vec<i64> = small.map(|scope| scope.id.0).collect();
    for scopes in [&all, &small] {
        if scopes.is_empty() {
            break;
        }
        let newest = nearest.saturating_mul(i32::try_from(levels.len()).unwrap_or(i32::MAX));
        let listing = store::list(tx, scopes, query, model, newest).await?;
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
        let (count, mut near) = (here.len(), listing.near);
        for blocks in by_level(here, levels) {
            near.extend(blocks::nearest(query, &blocks, &listing.replaced, most));
        }
        let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(blocks = count, read = missing.len(), duration_us, "compared");
        return Ok(Compared { scopes: listing.packed, near });
    }
    Ok(Compared::default())
}

fn by_level(blocks: Vec<Arc<Block>>, levels: &[&[&ReadableScope]]) -> Vec<Vec<Arc<Block>>> {
    let scopes =
        levels.iter().enumerate().flat_map(|(level, scopes)| scopes.iter().map(move |it| (it.id, level)));
    let level_of: HashMap<ScopeId, usize> = scopes.collect();
    let mut by_level = vec![Vec::new(); levels.len()];
    for block in blocks {
        if let Some(level) = level_of.get(&block.scope()) {
            by_level[*level].push(block);
        }
    }
    by_level
}
