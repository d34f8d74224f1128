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
