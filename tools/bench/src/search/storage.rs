//! What the memories occupy.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use tokio_postgres::Client;

use crate::statistics::rounded;

/// Sizes in MB, for each million of memories that are there.
#[derive(Debug, Serialize)]
pub(super) struct Storage {
    memories: i64,
    mb_per_million: BTreeMap<String, f64>,
    database_mb_per_million: f64,
    /// Share of the projection's pages that an index-only scan need not look up in the table.
    projection_all_visible: f64,
}

const SIZES: &str = "
    WITH tables AS (
        SELECT c.oid, c.relname FROM pg_class c
         WHERE c.relname IN ('memories', 'memory_versions', 'memory_scopes', 'events', 'audit_log',
                             'text_statistics') AND c.relkind IN ('r', 'p')
    ), relations AS (
        SELECT t.relname || ' (table)' AS name, p.relid
          FROM tables t CROSS JOIN LATERAL pg_partition_tree(t.oid) p WHERE p.isleaf
        UNION ALL
        SELECT ic.relname, p.relid
          FROM tables t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class ic ON ic.oid = i.indexrelid
         CROSS JOIN LATERAL pg_partition_tree(i.indexrelid) p WHERE p.isleaf
    )
    SELECT name, sum(pg_table_size(relid))::bigint FROM relations GROUP BY name";

/// Measures them.
pub(super) async fn measure(client: &Client) -> Result<Storage> {
    let row = client.query_one("SELECT count(*), pg_database_size(current_database()) FROM memories", &[]);
    let row = row.await?;
    let memories: i64 = row.get(0);
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let per_million = |bytes: i64| rounded(bytes as f64 / memories.max(1) as f64, 1);
    let rows = client.query(SIZES, &[]).await?;
    let mb_per_million = rows.iter().map(|row| (row.get(0), per_million(row.get(1)))).collect();
    let visible = client
        .query_one(
            "SELECT coalesce(sum(relallvisible)::float8 / nullif(sum(relpages), 0), 0)
               FROM pg_class WHERE relname ~ '^memory_scopes_[0-9]+$'",
            &[],
        )
        .await?;
    Ok(Storage {
        memories,
        mb_per_million,
        database_mb_per_million: per_million(row.get(1)),
        projection_all_visible: rounded(visible.get(0), 4),
    })
}
