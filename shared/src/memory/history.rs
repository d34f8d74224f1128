//! What became of a memory over time.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::access::AuthContext;
use crate::error::{Error, Result};
use crate::ids::{MemoryId, UserId};
use crate::memory::{Labels, Memories, Message, Metadata};

/// One change of a memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Which change.
    pub id: Uuid,
    /// Of which memory.
    pub memory: MemoryId,
    /// From 1.
    pub number: i32,
    /// What was done.
    pub change: Change,
    /// What it was made from.
    pub input: Vec<Message>,
    /// The text before.
    pub old: Option<String>,
    /// The text after.
    pub new: Option<String>,
    /// The caller's own JSON after it.
    pub metadata: Metadata,
    /// The categories after it.
    pub categories: Vec<String>,
    /// The memory's labels.
    pub labels: Labels,
    /// Who did it.
    pub editor: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was done to a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was added.
    Add,
    /// Its text or something about it was changed.
    Update,
    /// It was forgotten.
    Delete,
}

impl Change {
    /// As answers and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

impl Memories {
    /// Every change of a memory, oldest first.
    pub async fn history(&self, caller: &AuthContext, id: MemoryId) -> Result<Vec<Version>> {
        let _ = (caller, id);
        Err(Error::Unavailable("history is not written yet".to_owned()))
    }
}
