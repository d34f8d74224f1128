//! The level at which somebody sees a memory, and why.

use super::level::Level;
use crate::access::{AuthContext, ReadableScope, ScopeKind, TenantTx};
use crate::error::Result;
use crate::ids::MemoryId;
use crate::memory::Memory;
use crate::sharing::access::{describe_way, via};
use crate::sharing::standing::Way;
use crate::sharing::store::shares;

/// Returns the level at which the caller sees each of these memories, and why, in a transaction that shows them.
pub(crate) async fn places<'m>(
    tx: &TenantTx<'_>,
    found: impl Iterator<Item = &'m Memory> + Clone,
) -> Result<Vec<(Level, String)>> {
    let elsewhere = found.clone().filter(|memory| home_of(tx.caller(), memory).is_none());
    let elsewhere: Vec<MemoryId> = elsewhere.map(|memory| memory.id).collect();
    let ways = match elsewhere.is_empty() {
        true => Vec::new(),
        false => shares::reaching(tx, &elsewhere).await?,
    };
    Ok(found.map(|memory| place(tx.caller(), memory, &ways)).collect())
}

/// Returns the home of a memory if the caller reads it by a role, or by being below it.
fn home_of<'a>(ctx: &'a AuthContext, memory: &Memory) -> Option<&'a ReadableScope> {
    ctx.scope(memory.home).filter(|home| !home.is_lent())
}

/// Returns the level at which somebody sees a memory, and why: through its home if they read that, else through the
/// nearest share of it, else through the nearest share of a context that contains it.
fn place(ctx: &AuthContext, memory: &Memory, ways: &[Way]) -> (Level, String) {
    if let Some(home) = home_of(ctx, memory) {
        return (Level::of(home.kind), via(home.kind, home.name.as_deref()));
    }
    let ways = ways.iter().filter(|way| way.memory == memory.id);
    let ways = ways.filter_map(|way| Some((ctx.scope(way.scope)?, way)));
    let ways = ways.filter(|(scope, way)| way.context.is_some() || !scope.is_lent());
    match ways.min_by_key(|(scope, way)| (way.context.is_some(), Level::of(scope.kind), scope.id)) {
        Some((scope, way)) if scope.kind == ScopeKind::User => (Level::Shared, describe_way(ctx, way)),
        Some((scope, way)) => (Level::of(scope.kind), describe_way(ctx, way)),
        None => (Level::Shared, "in a context shared with you".to_owned()),
    }
}
