//! The people who see a memory, and the names of people.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::{ScopeName, TenantTx};
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
    Ok(rows.iter().map(|row| (row.get("created_at"), person(tx, row))).collect())
}

/// Returns the names of these accounts, for those who are told of them anyway.
pub(in crate::sharing) async fn names(
    tx: &TenantTx<'_>,
    people: &[UserId],
) -> Result<HashMap<UserId, String>, StoreError> {
    const NAMES: &str = "-- user.list_names
        SELECT u.id, coalesce(u.display_name, u.email) AS name
          FROM users u WHERE u.enterprise_id = $1 AND u.id = ANY ($2)";
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = people.iter().map(|user| user.uuid()).collect();
    let rows = tx.query(NAMES, &[&tx.caller().enterprise_id().uuid(), &ids]).await?;
    let named = |row: &Row| Some((UserId(row.get("id")), row.get::<_, Option<String>>("name")?));
    Ok(rows.iter().filter_map(named).collect())
}

fn person(tx: &TenantTx<'_>, row: &Row) -> Person {
    let kinds: Vec<String> = row.get("kinds");
    let nodes: Vec<Option<Uuid>> = row.get("nodes");
    let label = |(kind, node): (String, Option<Uuid>)| match (kind.as_str(), node) {
        ("user", _) => format!("person:{}", UserId(row.get("id"))),
        ("context", Some(node)) => format!("context:{}", ContextId(node)),
        (_, Some(node)) => format!("{kind}:{}", NodeId(node)),
        (_, None) => kind,
    };
    let via: Vec<String> = kinds.into_iter().zip(nodes).map(label).collect();
    // Names of nodes only where the caller sees the node.
    let seen = |label: &String| tx.caller().resolve(label.parse::<ScopeName>().ok()?).ok();
    let via_names = via.iter().map(|label| seen(label).and_then(|scope| scope.name.clone())).collect();
    Person {
        user_id: UserId(row.get("id")),
        name: row.get("display_name"),
        via,
        via_names,
        can_change: row.get("can_change"),
    }
}
