//! A row of `memories` as a [`Memory`].

use serde_json::Value;
use tokio_postgres::Row;

use crate::access::Classification;
use crate::db::StoreError;
use crate::ids::{MemoryId, ScopeId, UserId};
use crate::memory::{Labels, Lifecycle, Memory, Metadata};

/// What [`memory`] reads, for statements that are put together at run time; the others spell it out.
pub(crate) const COLUMNS: &str = "m.id, m.author_id, m.home_scope_id, m.scope_ids, m.content, m.metadata, \
     m.categories, m.user_id, m.agent_id, m.app_id, m.run_id, m.lifecycle, m.replaced_by, m.occurred_at, \
     m.expires_on, m.version, m.created_at, m.updated_at, m.classification::text";

/// Reads the columns of [`COLUMNS`].
pub(crate) fn memory(row: &Row) -> Result<Memory, StoreError> {
    let scopes: Vec<i64> = row.get("scope_ids");
    Ok(Memory {
        id: MemoryId(row.get("id")),
        author: UserId(row.get("author_id")),
        home: ScopeId(row.get("home_scope_id")),
        scopes: scopes.into_iter().map(ScopeId).collect(),
        classification: classification(row, "memories")?,
        content: row.get("content"),
        metadata: metadata(row.get("metadata"), "memories")?,
        categories: row.get("categories"),
        labels: labels(row),
        lifecycle: lifecycle(row.get("lifecycle"))?,
        replaced_by: row.get::<_, Option<_>>("replaced_by").map(MemoryId),
        occurred_at: row.get("occurred_at"),
        expires_on: row.get("expires_on"),
        version: row.get("version"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
    })
}

/// Reads the column `classification`, as text.
pub(crate) fn classification(row: &Row, table: &'static str) -> Result<Classification, StoreError> {
    let class = row.get::<_, &str>("classification").parse();
    class.map_err(|problem| StoreError::Corrupt { table, column: "classification", problem })
}

/// Reads the columns `user_id`, `agent_id`, `app_id` and `run_id`.
pub(crate) fn labels(row: &Row) -> Labels {
    Labels {
        user: row.get("user_id"),
        agent: row.get("agent_id"),
        app: row.get("app_id"),
        run: row.get("run_id"),
    }
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
