//! What became of a memory over time.

use chrono::{DateTime, Utc};

use crate::access::{ApiKeyVerb, AuthContext, Classification, TenantTx};
use crate::audit::{self, Entry};
use crate::error::Result;
use crate::ids::{MemoryId, UserId, VersionId};
use crate::memory::read::NOT_FOUND;
use crate::memory::{Labels, Memories, Memory, Message, Metadata, classify, permission, store};

/// One change of a memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Which change.
    pub id: VersionId,
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
    /// The highest class of what it shows.
    pub classification: Classification,
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
    /// Every change of a memory, oldest first. What was of a higher class then is for those of its home. Once it is forgotten,
    /// only those who could have changed it may see what it was.
    pub async fn history(&self, caller: &AuthContext, id: MemoryId) -> Result<Vec<Version>> {
        caller.authorize_verb(ApiKeyVerb::MemoriesRead)?;
        let tx = caller.begin(&self.gate.db, "memory.history").await?;
        let today = caller.request().at.date_naive();
        let memory = match store::lookup::lookup(&tx, id).await? {
            Some(memory) => Some(memory).filter(|memory| memory.holds_on(today)),
            None => store::lookup::lookup_deleted(&tx, id)
                .await?
                .filter(|memory| permission::could_edit(caller, memory)),
        };
        let memory = memory.ok_or(NOT_FOUND)?;
        let mut versions = store::versions::list(&tx, id, &memory.labels).await?;
        withhold(&tx, &memory, &mut versions).await?;
        let shown = Entry::new("memory.history", id).memories([id]).within(memory.home);
        audit::commit_read(tx, shown).await?;
        Ok(versions)
    }
}

/// Takes out what was of a higher class than the memory is now, unless those of its home may see what is of that class. The
/// others, whom it was shared with since, are not shown it by row-level security.
async fn withhold(tx: &TenantTx<'_>, memory: &Memory, versions: &mut Vec<Version>) -> Result<()> {
    if versions.iter().all(|version| version.classification <= memory.classification) {
        return Ok(());
    }
    let policy = classify::policy(tx, memory.home).await?;
    versions.retain(|version| {
        version.classification <= memory.classification
            || policy.check(version.classification, policy.kind.into()).is_ok()
    });
    Ok(())
}
