//! A memory as callers see it, and the types that describe one.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::{Classification, ScopeName};
use crate::ids::{MemoryId, ScopeId, UserId};

/// The caller's own JSON, attached to a memory.
pub type Metadata = Map<String, Value>;

/// A memory in its current state. Earlier states are its [`super::Version`]s.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// Its id.
    pub id: MemoryId,
    /// Who added it.
    pub author: UserId,
    /// The scope it lives in, whose rules decide who may change it.
    pub home: ScopeId,
    /// Every scope in which it can be seen, including its home.
    pub scopes: Vec<ScopeId>,
    /// Its class, which limits how far it may be shared.
    pub classification: Classification,
    /// The text.
    pub content: String,
    /// The caller's own JSON.
    pub metadata: Metadata,
    /// The caller's own categories.
    pub categories: Vec<String>,
    /// The caller's labels for it (mem0's entities).
    pub labels: Labels,
    /// Whether it still holds.
    pub lifecycle: Lifecycle,
    /// The memory that superseded it.
    pub replaced_by: Option<MemoryId>,
    /// When the event it describes happened, if given (mem0's `timestamp`).
    pub occurred_at: Option<DateTime<Utc>>,
    /// The last day, in UTC, on which it is returned.
    pub expires_on: Option<NaiveDate>,
    /// The version number: from 1, incremented with each change.
    pub version: i32,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A restriction of what is seen in some scopes, by where it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Homes {
    /// Memories that live in these scopes.
    pub among: Vec<ScopeId>,
    /// Also memories that live in no scope the caller reads and reach them through a share, except those also seen in
    /// one of these scopes.
    pub strangers_unless_in: Option<Vec<ScopeId>>,
}

/// mem0's entities: a client's names for whom or what a memory belongs to. They serve as filters, never as identities:
/// a memory's scopes alone decide who may see it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Labels {
    /// The user it is about.
    pub user: Option<String>,
    /// The agent that wrote it.
    pub agent: Option<String>,
    /// The application that wrote it.
    pub app: Option<String>,
    /// The conversation or run it comes from.
    pub run: Option<String>,
}

/// Whether a memory is still current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// It is current.
    Active,
    /// A newer memory says otherwise; still found unless only the latest are requested.
    Superseded,
    /// Another memory says the same and more; no longer found.
    Merged,
}

impl Lifecycle {
    /// The spelling in responses and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Merged => "merged",
        }
    }
}

/// The scopes to look in, among those that the caller may read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scopes {
    /// Their personal scope.
    #[default]
    Personal,
    /// All of them.
    All,
    /// The named scopes.
    Named(Vec<ScopeName>),
}

impl Scopes {
    /// The scopes that are named.
    #[must_use]
    pub fn names(&self) -> &[ScopeName] {
        match self {
            Self::Named(names) => names,
            Self::Personal | Self::All => &[],
        }
    }
}
