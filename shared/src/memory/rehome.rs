//! Moving a memory to another home, with its history and its shares. Whether the move is allowed is decided in
//! `sharing`.

use crate::access::{Action, TenantTx};
use crate::error::{Error, Result};
use crate::ids::ScopeId;
use crate::memory::read::NOT_FOUND;
use crate::memory::store::update::Changed;
use crate::memory::{Memories, Memory, classify, store};

impl Memories {
    /// Moves a memory to another scope, which is recorded as a new version. The memory must be locked, and the caller
    /// must be authorized for the move. Refused if those who already see the memory may not see it there.
    pub(crate) async fn rehome(&self, tx: &TenantTx<'_>, before: Memory, home: ScopeId) -> Result<Memory> {
        let mut after = before.clone();
        after.home = home;
        after.version += 1;
        after.updated_at = tx.caller().request().at;
        let id = after.id;
        let change = Changed { before, after, embedding: None };
        store::update::update(tx, self.embedder.model(), &[change]).await?;
        store::update::rehome(tx, id, home).await?;
        classify::check_seen(tx, &[id]).await?;
        store::lookup::lookup(tx, id).await?.ok_or(NOT_FOUND)
    }
}

/// Refuses a home whose members may not see the memory's class, or whose links may not show it.
pub(crate) async fn check_home(tx: &TenantTx<'_>, memory: &Memory, home: ScopeId) -> Result<()> {
    let policy = classify::policy(tx, home).await?;
    policy.check(memory.classification, policy.kind.into())?;
    let elsewhere = memory.scopes.iter().copied().filter(|scope| *scope != memory.home);
    let scopes: Vec<ScopeId> = elsewhere.chain([home]).collect();
    classify::check_links(tx, &scopes, &policy, memory.classification).await
}

/// Refuses a caller who may not take the memory out of its home. Shared memories, however widely, stay where they are;
/// and somebody who does not see its whole history where it lives does not take it to where they would.
pub(crate) async fn may_take(tx: &TenantTx<'_>, memory: &Memory) -> Result<()> {
    let caller = tx.caller();
    let home = caller.scope(memory.home).ok_or_else(|| {
        Error::Forbidden("this was shared with you, and only moves from where it lives".to_owned())
    })?;
    let action = match memory.author == caller.user_id() {
        true => Action::EditOwnMemory,
        false => Action::EditAnyMemory,
    };
    caller.authorize(action, home)?;
    if store::versions::seen_since(tx, memory.id).await? > 0 {
        return Err(Error::Forbidden(
            "you do not see what it said before it was shown to you, and those in its new home would: somebody who sees \
             its whole history can move it"
                .to_owned(),
        ));
    }
    Ok(())
}
