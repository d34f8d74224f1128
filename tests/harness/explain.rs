//! The plans that PostgreSQL actually used, including those of statements inside of functions.
//!
//! `EXPLAIN` of a function call shows nothing of what the function does; the extension `auto_explain` reports each
//! statement's plan as a notice to the session that ran it.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio_postgres::{AsyncMessage, Client, NoTls};

use super::TestDatabase;

/// A superuser's session that records the plan of every statement it runs.
pub(crate) struct Explainer {
    pub(crate) client: Client,
    notices: Arc<Mutex<Vec<String>>>,
}

/// A node of a plan that reads a relation or an index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scan {
    /// The type of the node: `Index Only Scan`.
    pub(crate) node: String,
    /// The table, without the number of its partition; empty for the index of a bitmap scan.
    pub(crate) table: String,
    /// The name of the index in the migration, or empty.
    pub(crate) index: String,
    /// How often an index-only scan had to read the table after all.
    pub(crate) heap_fetches: u64,
    /// How many rows it returned, including those that a filter then removed.
    pub(crate) rows: u64,
}

impl std::fmt::Display for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let on = if self.index.is_empty() { &self.table } else { &self.index };
        write!(f, "{} on {on}", self.node)?;
        if self.heap_fetches > 0 { write!(f, ", {} times on the table", self.heap_fetches) } else { Ok(()) }
    }
}

impl Explainer {
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        let config: tokio_postgres::Config = database.superuser_url().await.parse().unwrap();
        let (client, mut connection) = config.connect(NoTls).await.unwrap();
        let notices = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notices);
        tokio::spawn(async move {
            while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notice(notice) = message {
                    heard.lock().unwrap().push(notice.message().to_owned());
                }
            }
        });
        client
            .batch_execute(
                "LOAD 'auto_explain';
                 SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;
                 SET auto_explain.log_analyze = on; SET auto_explain.log_timing = off;
                 SET auto_explain.log_format = json; SET auto_explain.log_level = notice",
            )
            .await
            .unwrap();
        Self { client, notices }
    }

    /// Runs the work and returns the scans of every plan used meanwhile.
    pub(crate) async fn scans(&self, work: impl AsyncFnOnce(&Client)) -> Vec<Scan> {
        self.notices.lock().unwrap().clear();
        work(&self.client).await;
        let notices = std::mem::take(&mut *self.notices.lock().unwrap());
        let mut scans = Vec::new();
        for notice in &notices {
            if let Some((_, plan)) = notice.split_once("plan:\n") {
                let plan: Value = serde_json::from_str(plan).unwrap();
                collect(&plan["Plan"], &mut scans);
            }
        }
        for scan in &mut scans {
            scan.index = self.declared_name(&scan.index).await;
        }
        scans
    }

    /// Returns the name of the whole table's index for a partition's index.
    async fn declared_name(&self, index: &str) -> String {
        let parent = "SELECT coalesce(p.relname, i.relname)::text FROM pg_class i
                      LEFT JOIN pg_inherits h ON h.inhrelid = i.oid LEFT JOIN pg_class p ON p.oid = h.inhparent
                      WHERE i.relname = $1";
        let row = self.client.query_opt(parent, &[&index]).await.unwrap();
        row.map(|row| row.get(0)).unwrap_or_default()
    }
}

fn collect(node: &Value, scans: &mut Vec<Scan>) {
    let text = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
    // A node that was never executed read nothing.
    let loops = node["Actual Loops"].as_f64().unwrap_or(0.0);
    if loops > 0.0 && (node.get("Relation Name").is_some() || node.get("Index Name").is_some()) {
        scans.push(Scan {
            node: text("Node Type"),
            table: text("Relation Name")
                .trim_end_matches(|c: char| c.is_ascii_digit() || c == '_')
                .to_owned(),
            index: text("Index Name"),
            heap_fetches: node["Heap Fetches"].as_u64().unwrap_or(0),
            rows: (loops * (number("Actual Rows") + number("Rows Removed by Filter"))).round() as u64,
        });
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        collect(child, scans);
    }
}
