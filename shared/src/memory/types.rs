//! A memory as callers get it, and the words that describe one.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::{Classification, ScopeName};
use crate::ids::{MemoryId, ScopeId, UserId};

/// The caller's own JSON, attached to a memory.
pub type Metadata = Map<String, Value>;

/// Something remembered, as it is now. What it was before is in its [`super::Version`]s.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// Which.
    pub id: MemoryId,
    /// Who added it.
    pub author: UserId,
    /// Where it lives: the scope whose rules decide who may change it.
    pub home: ScopeId,
    /// Every scope in which it can be seen, the home among them.
    pub scopes: Vec<ScopeId>,
    /// How far it may go.
    pub classification: Classification,
    /// The text.
    pub content: String,
    /// The caller's own JSON.
    pub metadata: Metadata,
    /// What it is about, in the caller's words.
    pub categories: Vec<String>,
    /// mem0's entities.
    pub labels: Labels,
    /// Whether it still holds.
    pub lifecycle: Lifecycle,
    /// The memory that took its place.
    pub replaced_by: Option<MemoryId>,
    /// When what it tells happened, if that was said (mem0's `timestamp`).
    pub occurred_at: Option<DateTime<Utc>>,
    /// The last day, in UTC, on which it is returned.
    pub expires_on: Option<NaiveDate>,
    /// From 1; each change adds 1.
    pub version: i32,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Which of what is seen in some scopes, by where it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Homes {
    /// What lives in these.
    pub among: Vec<ScopeId>,
    /// And what lives in no scope that the caller reads, and reaches them through a share, unless it does so in one of these
    /// as well.
    pub strangers_unless_in: Option<Vec<ScopeId>>,
}

/// mem0's entities: names that a client gives to whom or what a memory belongs to. Words to filter by, never
/// identities: who may see a memory is decided by its scopes alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Labels {
    /// Whom it is about.
    pub user: Option<String>,
    /// Which agent wrote it.
    pub agent: Option<String>,
    /// Which application wrote it.
    pub app: Option<String>,
    /// In which conversation or run.
    pub run: Option<String>,
}

/// Whether a memory still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// It does.
    Active,
    /// A newer one says otherwise; still found unless only the latest are asked for.
    Superseded,
    /// Another one says the same and more; no longer found.
    Merged,
}

impl Lifecycle {
    /// As answers and the database spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Merged => "merged",
        }
    }
}

/// In which of the scopes that a caller may read to look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scopes {
    /// In their own.
    #[default]
    Personal,
    /// In all of them.
    All,
    /// In these.
    Named(Vec<ScopeName>),
}
