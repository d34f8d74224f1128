//! The names by which memories can be filtered: mem0's users, agents, apps and runs.

use chrono::{DateTime, Utc};

use crate::access::{Action, AuthContext};
use crate::audit::{self, Entry};
use crate::error::Result;
use crate::memory::filter::Entity;
use crate::memory::service::resolve;
use crate::memory::store::condition::{Condition, Selection};
use crate::memory::{Memories, Scopes, store};
use crate::page::Page;

/// A label that some memory has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedEntity {
    /// Its kind.
    pub kind: Entity,
    /// The name.
    pub name: String,
    /// How many memories have this label.
    pub memories: u64,
    /// When the first of them was stored.
    pub created_at: DateTime<Utc>,
    /// When one of them last changed.
    pub updated_at: DateTime<Utc>,
}

/// A page of labels, with the number of labels of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entities {
    /// The page, ordered by kind and name.
    pub entities: Vec<NamedEntity>,
    /// Total number of users.
    pub users: u64,
    /// Total number of agents.
    pub agents: u64,
    /// Total number of apps.
    pub apps: u64,
    /// Total number of runs.
    pub runs: u64,
}

impl Memories {
    /// Lists the labels of all memories in these scopes.
    pub async fn entities(&self, caller: &AuthContext, scopes: &Scopes, page: Page) -> Result<Entities> {
        let scopes = resolve(caller, scopes, Action::ReadMemories)?;
        let condition = Condition::new(caller, &Selection::everything(&scopes))?;
        let tx = caller.begin(&self.gate.db, "memory.entities").await?;
        let entities = store::entities::list(&tx, condition, page).await?;
        audit::commit_read(tx, Entry::of("entity.list").within_one_of(&scopes)).await?;
        Ok(entities)
    }
}
