//! Autocompletion of names that memories already have.

use crate::access::{Action, AuthContext};
use crate::audit::{self, Entry};
use crate::error::Result;
use crate::memory::composed::composed;
use crate::memory::filter::Entity;
use crate::memory::service::resolve;
use crate::memory::store::condition::{Condition, Selection};
use crate::memory::{Memories, Scopes, store};

/// The kind of name to suggest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suggest {
    /// A label.
    Entity(Entity),
    /// A category.
    Category,
}

impl Memories {
    /// Returns up to `limit` names that begin with what was typed, ignoring case, most used first.
    pub async fn suggest(
        &self,
        caller: &AuthContext,
        scopes: &Scopes,
        what: Suggest,
        typed: &str,
        limit: u32,
    ) -> Result<Vec<String>> {
        let scopes = resolve(caller, scopes, Action::ReadMemories)?;
        let condition = Condition::new(caller, &Selection::everything(&scopes))?;
        let tx = caller.begin(&self.gate.db, "memory.suggest").await?;
        let names = store::suggest::list(&tx, condition, what, &composed(typed), limit).await?;
        audit::commit_read(tx, Entry::of("entity.suggest").within_one_of(&scopes)).await?;
        Ok(names)
    }
}
