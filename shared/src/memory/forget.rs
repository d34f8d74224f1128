//! Forgetting: memories leave every search and list at once; their history stays for those who could change them.

use crate::access::{AuthContext, ScopeName};
use crate::error::{Error, Result};
use crate::ids::{EventId, MemoryId};
use crate::memory::Memories;
use crate::memory::filter::{Entity, Filter};

/// What a sweeping deletion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// The event under which it can be looked up.
    pub event: EventId,
    /// How many memories.
    pub count: u64,
}

impl Memories {
    /// Forgets one memory; with `linked`, also those that it superseded, and those that they did. Answers how many
    /// linked ones were forgotten with it.
    pub async fn forget(&self, caller: &AuthContext, id: MemoryId, linked: bool) -> Result<u64> {
        let _ = (caller, id, linked);
        Err(Error::Unavailable("forgetting is not written yet".to_owned()))
    }

    /// Forgets up to [`super::MAX_BATCH`] memories, or none of them if any may not be forgotten.
    pub async fn forget_all(&self, caller: &AuthContext, ids: Vec<MemoryId>) -> Result<u64> {
        let _ = (caller, ids);
        Err(Error::Unavailable("forgetting is not written yet".to_owned()))
    }

    /// Forgets whatever in one scope the filter holds for and the caller may change. An empty filter is refused.
    pub async fn forget_where(
        &self,
        caller: &AuthContext,
        scope: ScopeName,
        filter: Filter,
    ) -> Result<Forgotten> {
        let _ = (caller, scope, filter);
        Err(Error::Unavailable("forgetting is not written yet".to_owned()))
    }

    /// Forgets whatever in one scope has this label and the caller may change.
    pub async fn forget_entity(
        &self,
        caller: &AuthContext,
        scope: ScopeName,
        entity: Entity,
        name: &str,
    ) -> Result<Forgotten> {
        let _ = (caller, scope, entity, name);
        Err(Error::Unavailable("forgetting is not written yet".to_owned()))
    }
}
