//! The versions of a memory.

use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{MemoryId, UserId, VersionId};
use crate::memory::store::row::{classification, metadata};
use crate::memory::{Change, Labels, Version};

const LIST: &str = "-- memory_version.list
    SELECT v.id, v.memory_id, v.version, v.event, v.new_content, v.metadata, v.categories, v.editor_id, v.at,
           v.classification::text,
           CASE WHEN v.version > s.since THEN v.input ELSE '[]' END AS input,
           CASE WHEN v.version > s.since THEN v.old_content END AS old_content
      FROM memory_versions v CROSS JOIN (SELECT mem0.seen_since($2) AS since) s
     WHERE v.enterprise_id = $1 AND v.memory_id = $2 AND v.version > $3 AND v.version >= s.since
     ORDER BY v.version
     LIMIT $4";

/// Lists at most so many versions after this number that the caller may see, oldest first. If that begins with a share,
/// the first one does not show what the text was made from. Labels do not change and come from the memory.
pub(crate) async fn list(
    tx: &TenantTx<'_>,
    id: MemoryId,
    after: i32,
    most: usize,
    labels: &Labels,
) -> Result<Vec<Version>, StoreError> {
    let (enterprise, most) = (tx.caller().enterprise_id().uuid(), i64::try_from(most).unwrap_or(i64::MAX));
    let rows = tx.query(LIST, &[&enterprise, &id.uuid(), &after, &most]).await?;
    rows.iter().map(|row| version(row, labels)).collect()
}

/// Returns the version with which a memory's history begins for the caller; 0 if they see all of it.
pub(crate) async fn seen_since(tx: &TenantTx<'_>, id: MemoryId) -> Result<i32, StoreError> {
    const SINCE: &str = "-- memory_version.seen_since
        SELECT coalesce(mem0.seen_since($1), 0)";
    Ok(tx.query_one(SINCE, &[&id.uuid()]).await?.get(0))
}

fn version(row: &Row, labels: &Labels) -> Result<Version, StoreError> {
    let corrupt = |column, problem: String| StoreError::Corrupt { table: "memory_versions", column, problem };
    let change = match row.get("event") {
        "ADD" => Change::Add,
        "UPDATE" => Change::Update,
        "DELETE" => Change::Delete,
        other => return Err(corrupt("event", other.to_owned())),
    };
    let input = serde_json::from_value(row.get::<_, Value>("input"))
        .map_err(|error| corrupt("input", error.to_string()))?;
    Ok(Version {
        id: VersionId(row.get("id")),
        memory: MemoryId(row.get("memory_id")),
        number: row.get("version"),
        change,
        input,
        old: row.get("old_content"),
        new: row.get("new_content"),
        metadata: metadata(row.get("metadata"), "memory_versions")?,
        categories: row.get("categories"),
        classification: classification(row, "memory_versions")?,
        labels: labels.clone(),
        editor: Some(row.get("editor_id")).filter(|id: &Uuid| !id.is_nil()).map(UserId),
        at: row.get("at"),
    })
}
