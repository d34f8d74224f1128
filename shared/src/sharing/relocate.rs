//! Relocation: gives a memory another home, for example when a personal memory becomes the team's. It stays the same
//! memory, with its author, its history and its shares; nothing is copied.
//!
//! The caller needs the permission to forget it in its home and to add it in the target, and sharing it from the one
//! with the other must need no approval; otherwise it must be shared first. A memory below a node with approval rules, or
//! with narrower audiences than elsewhere, does not leave that node: it is shared, under those rules.

use serde_json::json;

use super::GranteeName;
use super::authority::Held;
use super::contexts::keep;
use super::grantee::Grantee;
use super::reach::{Reach, rules_of};
use crate::access::{Action, AuthContext, ReadableScope, ScopeKind, ScopeName, TenantTx};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::idempotency::{self, IdempotencyKey, Once};
use crate::ids::MemoryId;
use crate::memory::{self, Memories, Memory};
use crate::tenancy::policies;

/// Moves a memory to another scope, and returns it.
pub async fn relocate(
    memories: &Memories,
    ctx: &AuthContext,
    id: MemoryId,
    to: ScopeName,
    key: Option<&IdempotencyKey>,
) -> Result<Once<Memory>> {
    ctx.authorize_verb(Action::AddMemory.verb())?;
    let tx = ctx.begin(&memories.gate().db, "memory.relocate").await?;
    let done = idempotency::once(&tx, key, async {
        keep(&tx, to).await?;
        let (before, target) = check(&tx, id, to).await?;
        let from = ctx.scope(before.home).map(|home| home.label());
        let after = memories.rehome(&tx, before, target.id).await?;
        let details = json!({ "from": from, "to": target.label(), "version": after.version });
        let entry = Entry::new("memory.relocate", id).memories([id]).within(target.id);
        audit::record(&tx, entry.with(details)).await?;
        Ok(after.id)
    })
    .await?;
    let memory = memory::look(&tx, done.value).await?;
    tx.commit().await?;
    Ok(done.map(|_| memory))
}

/// Checks whether the caller may move a memory to another scope, and returns an error if not.
pub async fn may_relocate(memories: &Memories, ctx: &AuthContext, id: MemoryId, to: ScopeName) -> Result<()> {
    ctx.authorize_verb(Action::AddMemory.verb())?;
    let tx = ctx.begin(&memories.gate().db, "memory.may_relocate").await?;
    check(&tx, id, to).await?;
    tx.commit().await?;
    Ok(())
}

/// Returns the memory, locked until the transaction ends, and its new home, if the caller may move it there.
async fn check<'a>(tx: &TenantTx<'a>, id: MemoryId, to: ScopeName) -> Result<(Memory, &'a ReadableScope)> {
    let ctx = tx.caller();
    let before = memory::hold(tx, id).await?;
    memory::may_take(tx, &before).await?;
    let target = ctx.resolve(to)?;
    if target.id == before.home {
        return Err(Error::Conflict(match target.kind {
            ScopeKind::User => "it is among your personal memories already".to_owned(),
            _ => format!("it lives in {} already", target.in_words()),
        }));
    }
    ctx.authorize(Action::AddMemory, target)?;
    if target.kind == ScopeKind::User && before.author != ctx.user_id() {
        return Err(Error::Forbidden(
            "somebody else added it, and would not see it any more: it moves to nodes and contexts"
                .to_owned(),
        ));
    }
    let held = Held::memory(tx, id, &before).await?;
    memory::check_home(tx, &before, target.id).await?;
    check_rules(tx, &held, target).await?;
    // A personal scope shows it to nobody else.
    if target.kind != ScopeKind::User {
        let grantee = Grantee::resolve(tx, ctx, &GranteeName::Scope(to)).await?;
        let reaches = Reach::of(tx, ctx, &held, &grantee).await?;
        reaches.iter().try_for_each(Reach::check_class)?;
        if !rules_of(&reaches).is_empty() {
            return Err(Error::Forbidden(format!(
                "this needs somebody else's approval: share it with {} instead",
                target.in_words()
            )));
        }
    }
    Ok((before, target))
}

/// Refuses to move something out of a node that has approval rules or narrows audiences, of whatever class: from
/// elsewhere it could be reclassified and shared without them.
async fn check_rules(tx: &TenantTx<'_>, held: &Held, target: &ReadableScope) -> Result<()> {
    let there = policies::effective(tx, target.id).await?.ok_or(Error::NotFound { what: "scope" })?;
    let author = held.author.unwrap_or(tx.caller().user_id());
    let role_here = policies::role_for(tx, &held.policy, tx.caller(), author).await?;
    let role_there = policies::role_for(tx, &there, tx.caller(), author).await?;
    if let Some(class) = held.policy.narrower_than(&there) {
        return Err(Error::Forbidden(format!(
            "it would leave the limits on who may see what is {class} here: it stays there; share it instead"
        )));
    }
    let left = held.policy.ruled_only_here(&there);
    // From where they hold a lower role than there.
    let as_other = || held.policy.ruled_only_as(role_here, role_there);
    let Some(node) = left.or_else(as_other) else { return Ok(()) };
    let node =
        tx.caller().scope(node).map_or_else(|| "the node above it".to_owned(), ReadableScope::in_words);
    Err(Error::Forbidden(format!(
        "it would leave the rules of {node} about approvals: it stays there; share it instead"
    )))
}
