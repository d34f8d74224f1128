//! The history of a memory: every change made to it.

use chrono::{DateTime, Utc};

use crate::access::{ApiKeyVerb, AuthContext, Classification, TenantTx};
use crate::audit::{self, Entry};
use crate::error::Result;
use crate::http::has_room_for;
use crate::ids::{MemoryId, UserId, VersionId};
use crate::memory::read::NOT_FOUND;
use crate::memory::{Labels, Memories, Memory, Message, Metadata, classify, permission, store};

/// How many versions are read at a time: a history may be much larger than an answer.
const STEP: usize = 200;

/// One change of a memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// The id of the change.
    pub id: VersionId,
    /// The memory that changed.
    pub memory: MemoryId,
    /// The version number, from 1.
    pub number: i32,
    /// The kind of change.
    pub change: Change,
    /// The messages that it was made from; empty for the first version that somebody sees through a share.
    pub input: Vec<Message>,
    /// The text before.
    pub old: Option<String>,
    /// The text after.
    pub new: Option<String>,
    /// The caller's own JSON after the change.
    pub metadata: Metadata,
    /// The categories after the change.
    pub categories: Vec<String>,
    /// The highest class of the text that this version shows.
    pub classification: Classification,
    /// The memory's labels.
    pub labels: Labels,
    /// Who made the change; `None` if it followed of itself from something else.
    pub editor: Option<UserId>,
    /// When it was made.
    pub at: DateTime<Utc>,
}

impl Version {
    /// The size of its texts, which is less than what they take in an answer.
    fn size(&self) -> usize {
        let texts = [&self.old, &self.new].into_iter().flatten().map(String::len);
        texts.chain(self.input.iter().map(|message| message.content.len())).sum()
    }
}

/// A kind of change.
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
    /// The spelling in responses and the database.
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
    /// Returns the changes of a memory after this version (0 for the beginning), oldest first: at most `limit`, and no
    /// more than it takes to fill an answer. For those with whom it was shared, its history begins with the version that
    /// was shared: they see what it says now and later, not what it said before. Versions that had a higher class are
    /// visible only where the memory's home may see that class. Once it is forgotten, only those who could have changed
    /// it see its history.
    pub async fn history(
        &self,
        caller: &AuthContext,
        id: MemoryId,
        after: i32,
        limit: usize,
    ) -> Result<Vec<Version>> {
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
        let versions = read(&tx, id, &memory, after, limit).await?;
        let shown = Entry::new("memory.history", id).memories([id]).within(memory.home);
        audit::commit_read(tx, shown).await?;
        Ok(versions)
    }
}

/// Reads versions until there are so many, or they are larger than an answer.
async fn read(
    tx: &TenantTx<'_>,
    id: MemoryId,
    memory: &Memory,
    mut after: i32,
    limit: usize,
) -> Result<Vec<Version>> {
    let (mut versions, mut size) = (Vec::new(), 0);
    loop {
        let most = STEP.min(limit - versions.len());
        let mut step = store::versions::list(tx, id, after, most, &memory.labels).await?;
        let complete = step.len() < most;
        after = step.last().map_or(after, |version| version.number);
        withhold(tx, memory, &mut step).await?;
        size += step.iter().map(Version::size).sum::<usize>();
        versions.append(&mut step);
        if complete || versions.len() == limit || !has_room_for(size) {
            return Ok(versions);
        }
    }
}

/// Removes versions of a higher class than the memory has now, unless its home may see that class. Row-level security
/// hides them from everyone else with whom the memory was shared later.
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
