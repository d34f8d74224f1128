//! In-process cache of the vectors of larger scopes, in blocks: the process compares them with a query itself, and the
//! database only says which blocks exist (`docs/adr/0023-vector-codes.md`).
//!
//! A cached block is used only for callers who may read it: on every search, the database lists the blocks of the
//! scopes that the caller may read, by ids whose content never changes. Codes are approximate; the database compares
//! the nearest candidates in full.

mod code;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::embedding::Embedding;
use crate::ids::ScopeId;
use crate::recent::Recent;
use code::Probe;

/// Capacity of the cache in bytes: about 220,000 vectors.
const ROOM: usize = 32 << 20;

/// Vectors of one scope.
#[derive(Debug)]
pub(crate) struct Block {
    scope: ScopeId,
    memories: Vec<Uuid>,
    codes: Vec<u8>,
}

impl Block {
    /// Returns `None` unless there is exactly one code per memory.
    pub(crate) fn new(scope: ScopeId, memories: Vec<Uuid>, codes: Vec<u8>) -> Option<Self> {
        (codes.len() == code::BYTES * memories.len()).then_some(Self { scope, memories, codes })
    }

    /// Returns the scope whose vectors it has.
    pub(crate) fn scope(&self) -> ScopeId {
        self.scope
    }

    fn weight(&self) -> usize {
        self.codes.len() + size_of_val(&*self.memories)
    }
}

/// The blocks cached by this process. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Blocks(Arc<Mutex<Recent<Uuid, Arc<Block>>>>);

impl Default for Blocks {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Recent::with_room(ROOM))))
    }
}

impl Blocks {
    /// Returns the blocks among these that are cached, and the ids of those that are not.
    pub(crate) fn of(&self, ids: &[Uuid]) -> (Vec<Arc<Block>>, Vec<Uuid>) {
        let mut recent = self.recent();
        let (mut here, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
        for id in ids {
            match recent.get(id) {
                Some(block) => here.push(block),
                None => missing.push(*id),
            }
        }
        (here, missing)
    }

    /// Adds a block to the cache.
    pub(crate) fn keep(&self, id: Uuid, block: &Arc<Block>) {
        self.recent().put(id, Arc::clone(block), block.weight());
    }

    fn recent(&self) -> MutexGuard<'_, Recent<Uuid, Arc<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A nearby memory, and the scope it was found in.
pub(crate) type Place = (ScopeId, Uuid);

/// Returns the `most` vectors nearest to the query, in no particular order, excluding `replaced` ones.
pub(crate) fn nearest(
    query: &Embedding,
    blocks: &[Arc<Block>],
    replaced: &HashSet<Place>,
    most: usize,
) -> Vec<Place> {
    let probe = Probe::new(query);
    let mut near: Vec<(f32, Place)> = Vec::with_capacity(most * 2);
    let mut floor = f32::NEG_INFINITY;
    for block in blocks {
        for (memory, code) in block.memories.iter().zip(block.codes.chunks_exact(code::BYTES)) {
            let similarity = probe.similarity(code);
            if similarity <= floor || (!replaced.is_empty() && replaced.contains(&(block.scope, *memory))) {
                continue;
            }
            near.push((similarity, (block.scope, *memory)));
            if near.len() == most * 2 {
                floor = cut(&mut near, most);
            }
        }
    }
    if near.len() > most {
        cut(&mut near, most);
    }
    near.into_iter().map(|(_, place)| place).collect()
}

/// Keeps the `most` nearest, and returns the similarity of the farthest of them.
fn cut(near: &mut Vec<(f32, Place)>, most: usize) -> f32 {
    let (_, farthest, _) = near.select_nth_unstable_by(most - 1, |one, other| other.0.total_cmp(&one.0));
    let floor = farthest.0;
    near.truncate(most);
    floor
}

#[cfg(test)]
mod tests {
    use super::code::tests::{code, vector};
    use super::*;

    fn blocks(vectors: &[Embedding]) -> Vec<Arc<Block>> {
        let numbered: Vec<_> = vectors.iter().enumerate().collect();
        let block = |some: &[(usize, &Embedding)]| {
            let ids = some.iter().map(|(number, _)| id(*number)).collect();
            let codes = some.iter().flat_map(|(_, vector)| code(vector)).collect();
            Arc::new(Block::new(ScopeId(1), ids, codes).unwrap())
        };
        numbered.chunks(54).map(block).collect()
    }

    fn id(number: usize) -> Uuid {
        Uuid::from_u128(number as u128)
    }

    #[test]
    fn the_nearest_are_found() {
        let vectors: Vec<_> = (0..3000).map(vector).collect();
        let blocks = blocks(&vectors);
        let mut found_of_ten = 0;
        for seed in 5000..5020 {
            let query = vector(seed);
            let product = |other: &Embedding| -> f32 {
                query.as_slice().iter().zip(other.as_slice()).map(|(one, other)| one * other).sum()
            };
            let mut exact: Vec<_> = vectors.iter().map(product).enumerate().collect();
            exact.sort_by(|one, other| other.1.total_cmp(&one.1));
            let found = nearest(&query, &blocks, &HashSet::new(), 80);
            assert_eq!(found.len(), 80);
            found_of_ten +=
                exact[..10].iter().filter(|(number, _)| found.contains(&(ScopeId(1), id(*number)))).count();
        }
        assert!(found_of_ten >= 198, "{found_of_ten} of 200");
    }

    #[test]
    fn what_was_replaced_does_not_count() {
        let vectors: Vec<_> = (0..100).map(vector).collect();
        let replaced: HashSet<Place> = (0..90).map(|number| (ScopeId(1), id(number))).collect();
        let mut found = nearest(&vectors[5], &blocks(&vectors), &replaced, 50);
        found.sort();
        assert_eq!(found, (90..100).map(|number| (ScopeId(1), id(number))).collect::<Vec<_>>());
        let elsewhere: HashSet<Place> = (0..90).map(|number| (ScopeId(2), id(number))).collect();
        assert_eq!(nearest(&vectors[5], &blocks(&vectors), &elsewhere, 500).len(), 100);
    }

    #[test]
    fn what_was_read_is_there_the_next_time() {
        let (kept, vectors) = (Blocks::default(), [vector(1)]);
        let block = &blocks(&vectors)[0];
        kept.keep(id(7), block);
        let (here, missing) = kept.of(&[id(7), id(8)]);
        assert_eq!((here.len(), missing), (1, vec![id(8)]));
    }

    #[test]
    fn a_block_with_half_a_code_is_none() {
        assert!(Block::new(ScopeId(1), vec![id(1)], vec![0; code::BYTES - 1]).is_none());
    }
}
