//! Lists of memories, newest first.

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::memory::store::condition::{Condition, ELSEWHERE, HOME};
use crate::memory::store::row;
use crate::memory::{Homes, Memory};
use crate::page::Cursor;

/// Lists `limit` memories that match the condition, after a cursor or after `offset` others.
///
/// Each scope is read newest first through its index, only as far as the page needs, and the results are merged. So a
/// page costs about the same in a scope of a hundred memories and in one of a million.
pub(crate) async fn list(
    tx: &TenantTx<'_>,
    condition: Condition,
    after: Option<Cursor>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Memory>, StoreError> {
    merged(tx, condition, Places { here: true, elsewhere: true }, after, (limit, offset)).await
}

/// Lists the newest `most` memories that live in the given homes. If none are named, the memories that live in the
/// requested scopes are not read at all.
pub(crate) async fn newest(
    tx: &TenantTx<'_>,
    condition: Condition,
    homes: &Homes,
    most: i64,
) -> Result<Vec<Memory>, StoreError> {
    let places = Places { here: !homes.among.is_empty(), elsewhere: homes.strangers_unless_in.is_some() };
    merged(tx, condition, places, None, (most, 0)).await
}

/// Where to look.
struct Places {
    /// Among memories that live in the requested scopes.
    here: bool,
    /// Among memories that are shared with them.
    elsewhere: bool,
}

/// Reads as many memories from each scope, and from those shared with any, as the requested part of the merged list
/// needs.
async fn merged(
    tx: &TenantTx<'_>,
    mut condition: Condition,
    places: Places,
    after: Option<Cursor>,
    (limit, offset): (i64, i64),
) -> Result<Vec<Memory>, StoreError> {
    let needed = condition.bind(limit + offset, "bigint");
    let (limit, offset) = (condition.bind(limit, "bigint"), condition.bind(offset, "bigint"));
    let place = match after {
        Some(Cursor { created_at, id }) => {
            let (at, id) = (condition.bind(created_at, "timestamptz"), condition.bind(id, "uuid"));
            format!("AND (m.created_at, m.id) < ({at}, {id})")
        }
        None => String::new(),
    };
    let (columns, holds, Places { here, elsewhere }) = (condition.columns(), condition.holds(), places);
    let sql = format!(
        "-- memory.list
        WITH near AS (
            SELECT m.id
              FROM unnest($2::bigint[]) AS s (id) CROSS JOIN LATERAL (
                   SELECT m.id FROM memories m
                    WHERE {here} AND {holds} AND {HOME} {place}
                    ORDER BY m.created_at DESC, m.id DESC LIMIT {needed}) m
            UNION
            (SELECT m.id FROM memories m
              WHERE {elsewhere} AND {holds} AND cardinality(m.scope_ids) > 1 AND m.scope_ids && $2::bigint[] AND {ELSEWHERE}
                    {place}
              ORDER BY m.created_at DESC, m.id DESC LIMIT {needed})
        )
        SELECT {columns}
          FROM near JOIN memories m ON m.enterprise_id = $1 AND m.id = near.id
         ORDER BY m.created_at DESC, m.id DESC LIMIT {limit} OFFSET {offset}"
    );
    condition.query(tx, &sql).await?.iter().map(row::memory).collect()
}

/// Returns how many memories match the condition.
pub(crate) async fn count(tx: &TenantTx<'_>, condition: &Condition) -> Result<u64, StoreError> {
    let sql =
        format!("-- memory.count\nSELECT count(*) FROM memories m WHERE {}", condition.holds_in_scopes());
    let rows = condition.query(tx, &sql).await?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
}
