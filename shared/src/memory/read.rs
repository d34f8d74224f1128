//! Reading one memory.

use chrono::NaiveDate;

use crate::access::{ApiKeyVerb, AuthContext, TenantTx};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::ids::MemoryId;
use crate::memory::{Memories, Memory, store};

/// What a caller is told of a memory that they cannot see, whatever the reason.
pub(super) const NOT_FOUND: Error = Error::NotFound { what: "memory" };

impl Memories {
    /// A memory by its id. What was forgotten, has expired or is outside the caller's view does not exist.
    pub async fn read(&self, caller: &AuthContext, id: MemoryId) -> Result<Memory> {
        caller.authorize_verb(ApiKeyVerb::MemoriesRead)?;
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

/// A memory as [`Memories::read`] gives it, in a transaction that shows something else of it.
pub(crate) async fn look(tx: &TenantTx<'_>, id: MemoryId) -> Result<Memory> {
    let memory = store::lookup::lookup(tx, id).await?;
    memory.filter(|memory| memory.holds_on(tx.caller().request().at.date_naive())).ok_or(NOT_FOUND)
}

/// Several memories as [`Memories::read`] gives them, in no order; all of them, or none.
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

/// A memory as [`Memories::read`] gives it, held until the transaction ends.
pub(crate) async fn hold(tx: &TenantTx<'_>, id: MemoryId) -> Result<Memory> {
    let memory = store::lookup::lock(tx, &[id]).await?.pop();
    memory.filter(|memory| memory.holds_on(tx.caller().request().at.date_naive())).ok_or(NOT_FOUND)
}

impl Memory {
    /// Whether it has not expired by this day.
    pub(super) fn holds_on(&self, day: NaiveDate) -> bool {
        self.expires_on.is_none_or(|last| last >= day)
    }
}
