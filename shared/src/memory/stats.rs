//! Statistics about memories.

use crate::access::{Action, AuthContext};
use crate::error::Result;
use crate::memory::service::resolve;
use crate::memory::store::condition::{Condition, Selection};
use crate::memory::{Memories, Scopes, store};

/// Counts over some scopes, and the caller's own additions to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Number of memories.
    pub memories: u64,
    /// Number of distinct user labels.
    pub users: u64,
    /// Number of distinct agent labels.
    pub agents: u64,
    /// Number of distinct app labels.
    pub apps: u64,
    /// Number of distinct run labels.
    pub runs: u64,
    /// Number of memories with a user label.
    pub with_user: u64,
    /// Number of memories with an agent label.
    pub with_agent: u64,
    /// Number of memories with an app label.
    pub with_app: u64,
    /// Number of memories with a run label.
    pub with_run: u64,
    /// Number of requests by the caller to remember something in these scopes.
    pub add_events: u64,
}

impl Memories {
    /// Counts what the caller may see in these scopes.
    pub async fn stats(&self, caller: &AuthContext, scopes: &Scopes) -> Result<Stats> {
        let scopes = resolve(caller, scopes, Action::ReadMemories)?;
        let condition = Condition::new(caller, &Selection::everything(&scopes))?;
        let tx = caller.begin(&self.gate.db, "memory.stats").await?;
        let stats = store::stats::count(&tx, &condition, &scopes).await?;
        tx.commit().await?;
        Ok(stats)
    }
}
