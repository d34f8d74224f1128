//! The storage that memories occupy.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use tokio_postgres::Client;

use crate::statistics::rounded;

/// Sizes in MB per million memories.
#[derive(Debug, Serialize)]
pub(super) struct Storage {
    memories: i64,
    mb_per_million: BTreeMap<String, f64>,
    database_mb_per_million: f64,
    /// The share of the projection's pages that an index-only scan need not look up in the table.
    projection_all_visible: f64,
}

const SIZES: &str = "
    SELECT coalesce(root.relname, c.relname) || CASE c.relkind WHEN 'i' THEN '' ELSE ' (table)' END AS name,
           sum(pg_table_size(c.oid))::bigint AS bytes
      FROM pg_class c
      LEFT JOIN pg_class root ON c.relispartition AND root.oid = pg_partition_root(c.oid)
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')
     GROUP BY 1 HAVING sum(pg_table_size(c.oid)) > 1000000";

/// Measures the sizes.
pub(super) async fn measure(client: &Client) -> Result<Storage> {
    let row = client.query_one("SELECT count(*), pg_database_size(current_database()) FROM memories", &[]);
    let row = row.await?;
    let memories: i64 = row.get(0);
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let per_million = |bytes: i64| rounded(bytes as f64 / memories.max(1) as f64, 1);
    let rows = client.query(SIZES, &[]).await?;
    let mb_per_million = rows.iter().map(|row| (row.get(0), per_million(row.get(1)))).collect();
    Ok(Storage {
        memories,
        mb_per_million,
        database_mb_per_million: per_million(row.get(1)),
        projection_all_visible: all_visible(client).await?,
    })
}

/// Returns the share of the projection's current pages that autovacuum has marked all-visible.
pub(super) async fn all_visible(client: &Client) -> Result<f64> {
    const VISIBLE: &str = "
        SELECT coalesce(sum(c.relallvisible)::float8 / nullif(sum(pg_relation_size(c.oid) / 8192)::float8, 0), 0)
          FROM pg_class c WHERE c.relname ~ '^memory_scopes_[0-9]+$'";
    Ok(rounded(client.query_one(VISIBLE, &[]).await?.get(0), 4))
}
