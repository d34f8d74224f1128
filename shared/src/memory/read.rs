//! Reading one memory.

use chrono::NaiveDate;

use crate::access::{ApiKeyVerb, AuthContext, TenantTx};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::ids::MemoryId;
use crate::memory::{Memories, Memory, store};

/// The error for a memory that the caller cannot see, whatever the reason.
pub(super) const NOT_FOUND: Error = Error::NotFound { what: "memory" };

impl Memories {
    /// Returns a memory by its id. One that was forgotten, has expired or is outside the caller's view is not found.
    pub async fn read(&self, caller: &AuthContext, id: MemoryId) -> Result<Memory> {
        caller.authorize_verb(ApiKeyVerb::MemoriesRead)?;
        if let Some(read) = store::known::read(&self.gate.db, &self.reading, caller, id).await? {
            return read.ok_or(NOT_FOUND);
        }
        let mut tx = caller.pending(&self.gate.db, "memory.read");
        let memory = store::lookup::lookup_first(&mut tx, id).await?;
        let today = caller.request().at.date_naive();
        let memory = memory.filter(|memory| memory.holds_on(today)).ok_or(NOT_FOUND)?;
        let shown = Entry::new("memory.read", id).memories([id]).within(memory.home);
        let shown = shown.classified([memory.classification]);
        audit::commit_read(tx.into_tx().await?, shown).await?;
        Ok(memory)
    }
}

/// Reads a memory like [`Memories::read`], in a transaction that shows something else of it.
pub(crate) async fn look(tx: &TenantTx<'_>, id: MemoryId) -> Result<Memory> {
    let memory = store::lookup::lookup(tx, id).await?;
    memory.filter(|memory| memory.holds_on(tx.caller().request().at.date_naive())).ok_or(NOT_FOUND)
}

/// Reads several memories like [`Memories::read`], in no particular order: all of them, or none.
pub(crate) async fn look_all(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<Vec<Memory>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let today = tx.caller().request().at.date_naive();
    let mut memories = store::lookup::lookup_all(tx, ids).await?;
    memories.retain(|memory| memory.holds_on(today));
    if ids.iter().any(|id| memories.iter().all(|memory| memory.id != *id)) {
        return Err(NOT_FOUND);
    }
    Ok(memories)
}

/// Reads a memory like [`Memories::read`] and locks it until the transaction ends.
pub(crate) async fn hold(tx: &TenantTx<'_>, id: MemoryId) -> Result<Memory> {
    let memory = store::lookup::lock(tx, &[id]).await?.pop();
    memory.filter(|memory| memory.holds_on(tx.caller().request().at.date_naive())).ok_or(NOT_FOUND)
}

impl Memory {
    /// Returns whether it has not expired by this day.
    pub(super) fn holds_on(&self, day: NaiveDate) -> bool {
        self.expires_on.is_none_or(|last| last >= day)
    }
}
