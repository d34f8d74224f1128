//! The people who see a memory.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{ContextId, MemoryId, NodeId, UserId};
use crate::page::Cursor;
use crate::sharing::access::Person;

/// Lists the active accounts that see a memory in any of its scopes, oldest first, with their creation times.
pub(in crate::sharing) async fn list(
    tx: &TenantTx<'_>,
    memory: MemoryId,
    after: Option<Cursor>,
    most: i32,
) -> Result<Vec<(DateTime<Utc>, Person)>, StoreError> {
    const LIST: &str = "-- memory.list_people
        SELECT p.id, p.display_name, p.created_at, p.kinds, p.nodes, p.can_change FROM mem0.people_of($1, $2, $3, $4) p";
    let after = (after.map(|it| it.created_at), after.map(|it| it.id));
    let rows = tx.query(LIST, &[&memory.uuid(), &after.0, &after.1, &most]).await?;
    Ok(rows.iter().map(|row| (row.get("created_at"), person(row))).collect())
}

fn person(row: &Row) -> Person {
    let kinds: Vec<String> = row.get("kinds");
    let nodes: Vec<Option<Uuid>> = row.get("nodes");
    let label = |(kind, node): (String, Option<Uuid>)| match (kind.as_str(), node) {
        ("user", _) => format!("person:{}", UserId(row.get("id"))),
        ("context", Some(node)) => format!("context:{}", ContextId(node)),
        (_, Some(node)) => format!("{kind}:{}", NodeId(node)),
        (_, None) => kind,
    };
    Person {
        user_id: UserId(row.get("id")),
        name: row.get("display_name"),
        via: kinds.into_iter().zip(nodes).map(label).collect(),
        can_change: row.get("can_change"),
    }
}
