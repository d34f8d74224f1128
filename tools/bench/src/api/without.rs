//! What a request costs without its audit row or without rate limits, measured by changing the benchmark's own
//! database, because the product has no switch for either.

use anyhow::{Context as _, Result};
use serde::Serialize;
use tokio_postgres::Client;

use super::Row;
use crate::statistics::rounded;

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum Without {
    /// The rows of the audit log: PostgreSQL rewrites the statement to nothing. Only sending it remains.
    Audit,
    /// The rate limits: one lease lasts for ever. Only counting in memory remains.
    Limits,
}

const NO_ROWS: &str = "CREATE RULE bench_without AS ON INSERT TO audit_log DO INSTEAD NOTHING";
const ROWS: &str = "DROP RULE bench_without ON audit_log";

const NO_LIMITS: &str = "CREATE OR REPLACE FUNCTION mem0.take(tenant uuid, buckets uuid[], quotas integer[],
        at timestamptz, want integer, OUT granted integer, OUT remaining double precision[])
    LANGUAGE sql SECURITY DEFINER AS
    $$ SELECT 1000000000, quotas::double precision[] $$";
const LIMITS: &str =
    "SELECT pg_get_functiondef('mem0.take(uuid, uuid[], integer[], timestamptz, integer)'::regprocedure)";

/// A part that was left out, and the SQL that restores it.
pub(super) struct LeftOut(String);

impl Without {
    /// Leaves it out from now on.
    pub(super) async fn begin(self, database: &Client) -> Result<LeftOut> {
        let back = match self {
            Self::Audit => ROWS.to_owned(),
            Self::Limits => database.query_one(LIMITS, &[]).await?.get(0),
        };
        let change = match self {
            Self::Audit => NO_ROWS,
            Self::Limits => NO_LIMITS,
        };
        database.batch_execute(change).await.with_context(|| format!("leaving out {self:?}"))?;
        Ok(LeftOut(back))
    }
}

impl LeftOut {
    /// Restores it.
    pub(super) async fn end(self, database: &Client) -> Result<()> {
        database.batch_execute(&self.0).await.context("bringing it back")
    }
}

/// How much more an operation costs with a part than without it, in per cent of the cost without.
#[derive(Debug, Serialize)]
pub(super) struct Growth {
    operation: super::Operation,
    clients: u16,
    with: Without,
    p50: f64,
    p95: f64,
    server_cpu: f64,
    database_cpu: f64,
}

impl Growth {
    /// Computes the growth of every operation that was measured both ways.
    pub(super) fn of(rows: &[Row]) -> Vec<Self> {
        let growth = |row: &Row| {
            let with = row.without?;
            let whole = rows.iter().find(|whole| {
                whole.without.is_none() && (whole.operation, whole.clients) == (row.operation, row.clients)
            })?;
            let more = |whole: f64, part: f64| rounded((whole / part.max(f64::EPSILON) - 1.0) * 100.0, 1);
            Some(Self {
                operation: row.operation,
                clients: row.clients,
                with,
                p50: more(whole.latency_ms.p50, row.latency_ms.p50),
                p95: more(whole.latency_ms.p95, row.latency_ms.p95),
                server_cpu: more(whole.server_cpu_ms, row.server_cpu_ms),
                database_cpu: more(whole.database_cpu_ms, row.database_cpu_ms),
            })
        };
        rows.iter().filter_map(growth).collect()
    }

    pub(super) fn line(&self) -> Vec<String> {
        let figures = [self.p50, self.p95, self.server_cpu, self.database_cpu];
        let name = [format!("{:?}", self.with), self.operation.to_string(), self.clients.to_string()];
        name.into_iter().chain(figures.map(|figure| format!("{figure:+.1} %"))).collect()
    }
}
