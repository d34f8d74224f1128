//! The migrated database that every test's database is a copy of.
//!
//! Its name contains the fingerprint of the migrations, so that a changed schema creates a new one, and checkouts with
//! different migrations can share a cluster. The first test process creates it; the others wait.

use shared::config::DatabaseConfig;
use shared::db::migrate;
use tokio::sync::OnceCell;
use tokio_postgres::Client;

use super::cluster::{LOGIN, OWNER, ensure_roles, superuser, url};

/// Advisory lock in database `postgres`: one process at a time creates a template.
const MAKING: i64 = 0x6d65_6d30_7470_6c00;

/// How many templates are kept; older ones belong to earlier edits of the migrations.
const KEPT: i64 = 8;

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// Returns the template's name, creating the template if needed.
pub(super) async fn template() -> &'static str {
    TEMPLATE.get_or_init(ensure).await
}

async fn ensure() -> String {
    let name = format!("mem0_template_{:016x}", migrate::fingerprint());
    let client = superuser(local_postgres::SUPERUSER).await;
    if !is_finished(&client, &name).await {
        // Released when the connection ends, however it ends.
        client.execute("SELECT pg_advisory_lock($1)", &[&MAKING]).await.unwrap();
        if !is_finished(&client, &name).await {
            make(&client, &name).await;
        }
    }
    name
}

/// Whether a template is complete: marking it as a template is the last step of creating it.
async fn is_finished(client: &Client, name: &str) -> bool {
    let finished = "SELECT FROM pg_database WHERE datname = $1 AND datistemplate";
    client.query_opt(finished, &[&name]).await.unwrap().is_some()
}

async fn make(client: &Client, name: &str) {
    ensure_roles().await;
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
    client.batch_execute(&format!("CREATE DATABASE {name} OWNER {OWNER}")).await.unwrap();
    let inside = superuser(name).await;
    // Only a superuser can install pgvector; the first migration then finds it.
    inside.batch_execute("CREATE EXTENSION vector; CREATE EXTENSION btree_gin").await.unwrap();
    migrate::run(&DatabaseConfig::new(url(OWNER, name).await).unwrap()).await.unwrap();
    inside.batch_execute(&format!("GRANT mem0_app TO {LOGIN}")).await.unwrap();
    // Vacuumed here, so that no copy is vacuumed while its test runs.
    inside.batch_execute("VACUUM (FREEZE, ANALYZE)").await.unwrap();
    drop(inside);
    let finish = format!("ALTER DATABASE {name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false");
    client.batch_execute(&finish).await.unwrap();
    wait_until_unused(client, name).await;
    sweep(client).await;
}

/// A database with sessions cannot be copied, and sessions end a moment after their client has gone.
async fn wait_until_unused(client: &Client, name: &str) {
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
    while client.query_one(sessions, &[&name]).await.unwrap().get::<_, i64>(0) > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn sweep(client: &Client) {
    let old = "SELECT datname FROM pg_database WHERE datname LIKE 'mem0\\_template\\_%' ORDER BY oid DESC OFFSET $1";
    for row in client.query(old, &[&KEPT]).await.unwrap() {
        let name: &str = row.get(0);
        // Another process may be copying it right now: then it stays until the next time.
        let _ = client.batch_execute(&format!("ALTER DATABASE {name} IS_TEMPLATE false")).await;
        let _ = client.batch_execute(&format!("DROP DATABASE {name}")).await;
    }
}
