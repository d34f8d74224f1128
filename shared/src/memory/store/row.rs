//! Converts a row of `memories` into a [`Memory`].

use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::Classification;
use crate::db::StoreError;
use crate::ids::{MemoryId, ScopeId, UserId};
use crate::memory::{Labels, Lifecycle, Memory, Metadata};

/// What superseded a memory for the caller.
pub(crate) const SUCCESSOR: &str = "mem0.successor(m.replaced_by, m.earlier_successors)";

/// Returns the columns that [`memory`] reads, for statements built at run time; the others spell them out.
pub(crate) fn columns(successor: &str) -> String {
    format!(
        "m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, m.categories, m.user_id, m.agent_id, \
         m.app_id, m.run_id, m.lifecycle, {successor} AS replaced_by, m.occurred_at, m.expires_on, m.version, \
         m.created_at, m.updated_at, m.classification::text"
    )
}

/// Converts a row with the columns of [`columns`] to the memory as the caller sees it.
pub(crate) fn memory(row: &Row) -> Result<Memory, StoreError> {
    Places::of(row).memory(row)
}

/// The positions of the columns of [`columns`] in the rows of a statement. Finding each column by name in each row
/// would take a tenth of the time of a search.
pub(crate) struct Places {
    id: usize,
    author: usize,
    home: usize,
    scopes: usize,
    content: usize,
    metadata: usize,
    categories: usize,
    labels: [usize; 4],
    lifecycle: usize,
    replaced_by: usize,
    occurred_at: usize,
    expires_on: usize,
    version: usize,
    created_at: usize,
    updated_at: usize,
    classification: usize,
}

impl Places {
    /// Finds the positions in this row, which hold for all rows of the statement.
    pub(crate) fn of(row: &Row) -> Self {
        let place = |name| place(row, name);
        Self {
            id: place("id"),
            author: place("author_id"),
            home: place("home_scope_id"),
            scopes: place("scope_ids"),
            content: place("content"),
            metadata: place("metadata"),
            categories: place("categories"),
            labels: ["user_id", "agent_id", "app_id", "run_id"].map(place),
            lifecycle: place("lifecycle"),
            replaced_by: place("replaced_by"),
            occurred_at: place("occurred_at"),
            expires_on: place("expires_on"),
            version: place("version"),
            created_at: place("created_at"),
            updated_at: place("updated_at"),
            classification: place("classification"),
        }
    }

    /// Converts a row to the memory as the caller sees it: current, if they do not see what superseded it.
    pub(crate) fn memory(&self, row: &Row) -> Result<Memory, StoreError> {
        let scopes: Vec<i64> = row.get(self.scopes);
        let [user, agent, app, run] = self.labels.map(|place| row.get(place));
        let class = row.get::<_, &str>(self.classification).parse();
        let corrupt = |problem| StoreError::Corrupt { table: "memories", column: "classification", problem };
        let mut lifecycle = lifecycle(row.get(self.lifecycle))?;
        let replaced_by: Option<Uuid> = row.get(self.replaced_by);
        if lifecycle == Lifecycle::Superseded && replaced_by.is_none() {
            lifecycle = Lifecycle::Active;
        }
        Ok(Memory {
            id: MemoryId(row.get(self.id)),
            author: UserId(row.get(self.author)),
            home: ScopeId(row.get(self.home)),
            scopes: scopes.into_iter().map(ScopeId).collect(),
            classification: class.map_err(corrupt)?,
            content: row.get(self.content),
            metadata: metadata(row.get(self.metadata), "memories")?,
            categories: row.get(self.categories),
            labels: Labels { user, agent, app, run },
            lifecycle,
            replaced_by: replaced_by.map(MemoryId),
            occurred_at: row.get(self.occurred_at),
            expires_on: row.get(self.expires_on),
            version: row.get(self.version),
            created_at: row.get(self.created_at),
            updated_at: row.get(self.updated_at),
        })
    }
}

/// Returns the position of a column, or an out-of-range one if it is missing, so that reading it fails.
pub(crate) fn place(row: &Row, name: &str) -> usize {
    row.columns().iter().position(|column| column.name() == name).unwrap_or(usize::MAX)
}

/// Reads the column `classification`, as text.
pub(crate) fn classification(row: &Row, table: &'static str) -> Result<Classification, StoreError> {
    let class = row.get::<_, &str>("classification").parse();
    class.map_err(|problem| StoreError::Corrupt { table, column: "classification", problem })
}

pub(crate) fn metadata(stored: Value, table: &'static str) -> Result<Metadata, StoreError> {
    match stored {
        Value::Object(metadata) => Ok(metadata),
        _ => Err(StoreError::Corrupt { table, column: "metadata", problem: "not an object".to_owned() }),
    }
}

fn lifecycle(stored: &str) -> Result<Lifecycle, StoreError> {
    [Lifecycle::Active, Lifecycle::Superseded, Lifecycle::Merged]
        .into_iter()
        .find(|lifecycle| lifecycle.as_str() == stored)
        .ok_or_else(|| StoreError::Corrupt {
            table: "memories",
            column: "lifecycle",
            problem: stored.to_owned(),
        })
}
