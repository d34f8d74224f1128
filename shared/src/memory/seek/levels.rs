//! Finding the best memories of each of several levels in one search.

use std::collections::HashSet;

use super::{Candidates, Seek, arms, is_selective, selection};
use crate::access::ReadableScope;
use crate::error::Result;
use crate::ids::MemoryId;
use crate::memory::compare::{Compared, compare};
use crate::memory::store::condition::Condition;
use crate::memory::store::levels::{self, Levels};
use crate::memory::store::search::{self, Query};
use crate::memory::{Degraded, Recalled};

/// What was found at one level.
pub(crate) struct OfLevel {
    /// The memories, best first, and some more than requested: not all belong to the level in which they were found.
    pub(crate) found: Vec<Recalled>,
    /// Whether there may be memories that match as well.
    pub(crate) more: bool,
    /// Whether so few of the candidates match the filter that the best matches may be elsewhere.
    pub(crate) sparse: bool,
}

impl<'a> Seek<'a, '_> {
    /// Whether the filter matches so few memories that searching among those is better than among the nearest.
    pub(crate) fn is_selective(&self) -> bool {
        is_selective(&self.request.filter)
    }

    /// Returns the best matching memories of each level.
    pub(crate) async fn levels(&mut self, levels: &Levels<'a>, per_level: u32) -> Result<Vec<OfLevel>> {
        let candidates = Candidates::of_level(per_level);
        let scopes: Vec<&ReadableScope> = levels.scopes.iter().flatten().copied().collect();
        let condition = || Condition::new(self.caller, &selection(self.request, &scopes, None));
        let query = Query {
            scopes: &scopes,
            embedding: self.embedding.as_ref(),
            model: self.memories.embedder.model(),
            words: if self.request.lexical { self.request.words() } else { "" },
        };
        let pool = arms(candidates.nearest, candidates.pool);
        let compared = match query.embedding {
            Some(embedding) => {
                let by_level: Vec<&[&ReadableScope]> = levels.scopes.iter().map(Vec::as_slice).collect();
                let query = (embedding, query.model);
                compare(&self.memories.blocks, &mut self.tx, &by_level, query, pool.nearest).await?
            }
            None => Compared::default(),
        };
        let most = i64::try_from(candidates.pool).unwrap_or(i64::MAX);
        let all = levels::nearest(&mut self.tx, &query, levels, condition()?, (pool, most), compared).await?;
        let blind: HashSet<MemoryId> = all.iter().flat_map(|found| found.blind.iter().copied()).collect();
        let none = all.iter().all(|found| found.items.is_empty());
        let most = super::page(per_level);
        let ranked = all.into_iter().map(|found| {
            let sparse = found.more && found.sparse;
            let (found, more) = self.rank(found, most);
            OfLevel { found, more: more || sparse, sparse }
        });
        let levels: Vec<OfLevel> = ranked.collect();
        self.found |= levels.iter().any(|level| !level.found.is_empty());
        if self.degraded.is_none()
            && (self.is_unfinished(&blind, levels.iter().flat_map(|level| &level.found))
                || (none
                    && !self.found
                    && search::unvectored(&mut self.tx, condition()?, query.model).await?))
        {
            self.degraded = Some(Degraded::Unfinished);
        }
        Ok(levels)
    }
}
