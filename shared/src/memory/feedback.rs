//! Feedback on memories, which ranking takes into account.

use crate::access::{ApiKeyVerb, AuthContext};
use crate::audit;
use crate::error::Result;
use crate::ids::{FeedbackId, MemoryId};
use crate::memory::read::NOT_FOUND;
use crate::memory::{Memories, store, validate};

/// Maximum length of a reason, in characters.
const MAX_REASON: usize = 2000;

/// A rating, as in mem0's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Opinion {
    /// The memory is useful.
    Positive,
    /// The memory is not useful.
    Negative,
    /// The memory is not useful at all.
    VeryNegative,
}

impl Opinion {
    /// The spelling in requests, responses and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "POSITIVE",
            Self::Negative => "NEGATIVE",
            Self::VeryNegative => "VERY_NEGATIVE",
        }
    }
}

impl Memories {
    /// Records the caller's opinion of a memory that they can see, replacing an earlier one. `None` withdraws it.
    pub async fn judge(
        &self,
        caller: &AuthContext,
        id: MemoryId,
        opinion: Option<Opinion>,
        reason: Option<&str>,
    ) -> Result<Option<FeedbackId>> {
        caller.authorize_verb(ApiKeyVerb::MemoriesWrite)?;
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        reason.map_or(Ok(()), |reason| validate::bounded("feedback_reason", reason, MAX_REASON))?;
        let tx = caller.begin(&self.gate.db, "memory.judge").await?;
        let today = caller.request().at.date_naive();
        let memory = store::lookup::lookup(&tx, id).await?.filter(|memory| memory.holds_on(today));
        let memory = memory.ok_or(NOT_FOUND)?;
        let feedback = match opinion {
            Some(opinion) => Some(store::feedback::upsert(&tx, id, opinion, reason).await?),
            None => {
                store::feedback::delete(&tx, id).await?;
                None
            }
        };
        audit::record(&tx, audit::Entry::new("memory.judge", id).memories([id]).within(memory.home)).await?;
        tx.commit().await?;
        Ok(feedback)
    }
}
