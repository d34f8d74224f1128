//! Another home for a memory: the same one, with its history and its shares. Whether it may go there is decided in `sharing`.

use crate::access::{Action, TenantTx};
use crate::error::{Error, Result};
use crate::ids::ScopeId;
use crate::memory::read::NOT_FOUND;
use crate::memory::store::update::Changed;
use crate::memory::{Memories, Memory, classify, store};

impl Memories {
    /// Lets a memory live in another scope, which is a change like any other: a version of its own. The memory must be held,
    /// and the caller must have been found to be allowed to do it. Refused where those who see it already then may not.
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

/// Refuses a home whose own people may not see what is of its class, or where links would show it that may not.
pub(crate) async fn check_home(tx: &TenantTx<'_>, memory: &Memory, home: ScopeId) -> Result<()> {
    let policy = classify::policy(tx, home).await?;
    policy.check(memory.classification, policy.kind.into())?;
    let elsewhere = memory.scopes.iter().copied().filter(|scope| *scope != memory.home);
    let scopes: Vec<ScopeId> = elsewhere.chain([home]).collect();
    classify::check_links(tx, &scopes, &policy, memory.classification).await
}

/// Refuses whoever may not take it away from where it lives. What was shared with somebody, however far, stays where it is.
pub(crate) fn may_take(tx: &TenantTx<'_>, memory: &Memory) -> Result<()> {
    let caller = tx.caller();
    let home = caller.scope(memory.home).ok_or_else(|| {
        Error::Forbidden("this was shared with you, and only moves from where it lives".to_owned())
    })?;
    let action = match memory.author == caller.user_id() {
        true => Action::EditOwnMemory,
        false => Action::EditAnyMemory,
    };
    caller.authorize(action, home)
}
