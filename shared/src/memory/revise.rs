//! Revising: changing memories, each change a new version.

use chrono::{DateTime, NaiveDate, Utc};

use crate::access::AuthContext;
use crate::error::{Error, Result};
use crate::ids::MemoryId;
use crate::memory::{Memories, Memory, Metadata};

/// Memories that one request may revise or forget at most.
pub const MAX_BATCH: usize = 1000;

/// What to change about one memory. What is `None` stays as it is; what is given replaces what was there as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Revision {
    /// The text.
    pub text: Option<String>,
    /// The caller's own JSON.
    pub metadata: Option<Metadata>,
    /// What it is about.
    pub categories: Option<Vec<String>>,
    /// When what it tells happened.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The last day on which it is returned; `Some(None)` lifts the limit.
    pub expires_on: Option<Option<NaiveDate>>,
}

impl Memories {
    /// Changes one memory.
    pub async fn revise(&self, caller: &AuthContext, id: MemoryId, revision: Revision) -> Result<Memory> {
        let _ = (caller, id, revision);
        Err(Error::Unavailable("revising is not written yet".to_owned()))
    }

    /// Changes up to [`MAX_BATCH`] memories, or none of them if any may not be changed.
    pub async fn revise_all(
        &self,
        caller: &AuthContext,
        revisions: Vec<(MemoryId, Revision)>,
    ) -> Result<Vec<Memory>> {
        let _ = (caller, revisions);
        Err(Error::Unavailable("revising is not written yet".to_owned()))
    }
}
