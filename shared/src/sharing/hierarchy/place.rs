//! The level at which somebody sees a memory, and why.

use std::collections::HashMap;

use super::level::Level;
use crate::access::{AuthContext, ReadableScope, ScopeKind, TenantTx};
use crate::error::Result;
use crate::ids::MemoryId;
use crate::memory::Memory;
use crate::sharing::Share;
use crate::sharing::access::{describe, describe_context, via};
use crate::sharing::standing::Way;
use crate::sharing::store::shares::{self, Wanted};

type Shares = HashMap<MemoryId, Vec<Share>>;

/// Returns those of the memories that are visible outside their homes.
fn elsewhere<'m>(found: impl Iterator<Item = &'m Memory>) -> Vec<MemoryId> {
    found.filter(|memory| memory.scopes.len() > 1).map(|memory| memory.id).collect()
}

/// Returns the live shares of these memories whose grantee is the caller or includes them.
async fn shares_in(tx: &TenantTx<'_>, ids: Vec<MemoryId>) -> Result<Shares> {
    let mut shares = Shares::new();
    let wanted = Wanted { memories: Some(ids), ..Wanted::default() };
    for share in shares::list(tx, &wanted, 10_000).await? {
        let Some(memory) = share.memory_id else { continue };
        if tx.caller().scope(share.grantee).is_some_and(|scope| !scope.is_lent()) {
            shares.entry(memory).or_default().push(share);
        }
    }
    Ok(shares)
}

/// Returns the level at which the caller sees each of these memories, and why, in a transaction that shows them.
pub(crate) async fn places<'m>(
    tx: &TenantTx<'_>,
    found: impl Iterator<Item = &'m Memory> + Clone,
) -> Result<Vec<(Level, String)>> {
    let ids = elsewhere(found.clone());
    let shares = if ids.is_empty() { Shares::new() } else { shares_in(tx, ids).await? };
    let carried = found
        .clone()
        .filter(|memory| home_of(tx.caller(), memory).is_none() && !shares.contains_key(&memory.id));
    let carried: Vec<MemoryId> = carried.map(|memory| memory.id).collect();
    let ways = match carried.is_empty() {
        true => Vec::new(),
        false => shares::ways(tx, &carried, Some(tx.caller())).await?,
    };
    let place_of = |memory: &Memory| {
        let shares: &[Share] = shares.get(&memory.id).map_or(&[], Vec::as_slice);
        place(tx.caller(), memory, shares, ways.iter().filter(|way| way.memory == memory.id))
    };
    Ok(found.map(place_of).collect())
}

/// Returns the home of a memory if the caller reads it by a role, or by being below it.
fn home_of<'a>(ctx: &'a AuthContext, memory: &Memory) -> Option<&'a ReadableScope> {
    ctx.scope(memory.home).filter(|home| !home.is_lent())
}

/// Returns the level at which somebody sees a memory, and why: through its home if they read that, else through the
/// nearest share of it, else through the nearest share of a context that contains it.
fn place<'a>(
    ctx: &AuthContext,
    memory: &Memory,
    shares: &[Share],
    ways: impl Iterator<Item = &'a Way>,
) -> (Level, String) {
    if let Some(home) = home_of(ctx, memory) {
        return (Level::of(home.kind), via(home.kind, home.name.as_deref()));
    }
    let nearest = shares.iter().filter_map(|share| Some((ctx.scope(share.grantee)?, share)));
    let nearest = nearest.min_by_key(|(scope, _)| (Level::of(scope.kind), scope.id));
    match nearest {
        Some((scope, share)) if scope.kind == ScopeKind::User => (Level::Shared, describe(ctx, share)),
        Some((scope, share)) => (Level::of(scope.kind), describe(ctx, share)),
        None => {
            let carried = ways.filter_map(|way| Some((ctx.scope(way.scope)?, way, way.context.as_ref()?)));
            match carried.min_by_key(|(scope, ..)| (Level::of(scope.kind), scope.id)) {
                Some((scope, way, context)) => {
                    let level =
                        if scope.kind == ScopeKind::User { Level::Shared } else { Level::of(scope.kind) };
                    (level, describe_context(ctx, way, context))
                }
                None => (Level::Shared, "in a context shared with you".to_owned()),
            }
        }
    }
}
