//! More cold starts at once than the database takes connections: a hundred processes, and a PostgreSQL with
//! `max_connections = 20`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use local_postgres::{Cluster, Config};
use reqwest::Method;
use serde_json::json;
use shared::access::ApiKeyVerb;
use shared::config::DatabaseConfig;
use shared::db::migrate;
use tempfile::TempDir;
use tokio_postgres::Client;

use super::deployment::{Api, options};
use super::visitor::Visitor;
use crate::harness::Answer;

const ENVIRONMENTS: usize = 100;
const PASSWORD: &str = "right";

/// A PostgreSQL of its own that takes twenty connections, of which three are kept for superusers.
struct Narrow {
    cluster: Cluster,
    /// One of the three.
    superuser: Client,
    root: TempDir,
}

impl Narrow {
    async fn open() -> Self {
        // Everybody may enter it: started as root, the server runs as another user.
        let open = Permissions::from_mode(0o755);
        let root = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        let config =
            Config::ephemeral(root.path()).set("max_connections", "20").set("shared_buffers", "32MB");
        let cluster = tokio::task::spawn_blocking(move || Cluster::open(&config, &mut |_| {}));
        let cluster = cluster.await.unwrap().unwrap();
        cluster.ensure_role("mem0_owner", PASSWORD).await.unwrap();
        cluster.ensure_database("mem0", "mem0_owner").await.unwrap();
        cluster.ensure_extension("mem0", "vector").await.unwrap();
        let superuser = cluster.connect("mem0").await.unwrap();
        superuser.batch_execute("ALTER ROLE mem0_owner CREATEROLE").await.unwrap();
        let owner = DatabaseConfig::new(cluster.url("mem0_owner", PASSWORD, "mem0")).unwrap();
        migrate::run(&owner).await.unwrap();
        cluster.ensure_role("mem0_login", PASSWORD).await.unwrap();
        let login =
            "GRANT mem0_app TO mem0_login WITH INHERIT FALSE; ALTER ROLE mem0_login SET role TO mem0_app";
        superuser.batch_execute(login).await.unwrap();
        Self { cluster, superuser, root }
    }

    fn url(&self) -> String {
        self.cluster.url("mem0_login", PASSWORD, "mem0")
    }

    async fn count(&self, sql: &str) -> i64 {
        self.superuser.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Ends every session that stands idle, as `idle_session_timeout` does.
    async fn end_idle_sessions(&self) {
        let end = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = 'mem0_login'";
        self.count(end).await;
    }
}

impl Drop for Narrow {
    fn drop(&mut self) {
        let _ = Cluster::stop_at(self.root.path(), &mut |_| {});
    }
}

/// Stores a text, as a client that sends the same until it is answered.
async fn add(visitor: &Visitor, text: &str) -> Answer {
    let request = visitor.request(Method::POST, "/v3/memories/add/");
    let body = json!({ "messages": [{ "role": "user", "content": text }], "infer": false });
    visitor.send(request.header("idempotency-key", text.replace(' ', "-")).json(&body)).await
}

/// Whether the answer is there, or says when to come again.
fn is_answered(answer: &Answer) -> bool {
    if answer.status == 200 {
        return true;
    }
    answer.assert_problem(503, "unavailable", None);
    assert!(answer.header("retry-after").is_some(), "{answer}");
    false
}

#[tokio::test]
async fn a_hundred_cold_starts_on_twenty_connections_lose_and_repeat_nothing() {
    let database = Narrow::open().await;
    let tasks = tempfile::tempdir().unwrap();
    let key = {
        let first = Api::new(|name| options(name, &tasks, &database.url())).await;
        let ada = first.visitor().register("ada").await;
        ada.api_key("laptop", &[ApiKeyVerb::MemoriesRead, ApiKeyVerb::MemoriesWrite]).await
    };
    database.end_idle_sessions().await;

    let tasks = tempfile::tempdir().unwrap();
    let api = Api::new(|name| options(name, &tasks, &database.url()).max_environments(ENVIRONMENTS)).await;
    let ada = api.visitor().with_token(&key);
    let texts: Vec<String> =
        (0..ENVIRONMENTS).map(|number| format!("Shelf {number} holds {} jars", number * 7)).collect();
    let answers = join_all(texts.iter().map(|text| add(&ada, text))).await;
    let stored = answers.iter().filter(|answer| is_answered(answer)).count();
    // A few may have been answered by a process that was ready before the last one was called.
    let started = api.function("memories").cold_starts();
    assert!(started > ENVIRONMENTS / 2, "{started} were started");
    assert!((10..ENVIRONMENTS).contains(&stored), "{stored} were stored");
    assert_eq!(database.count("SELECT count(*) FROM memories").await, i64::try_from(stored).unwrap());

    // Clients come again, with the same keys, also those who were answered, and to the same environments.
    database.end_idle_sessions().await;
    let again = stream::iter(&texts).map(|text| async { is_answered(&add(&ada, text).await) });
    let refused = again.buffer_unordered(10).filter(|answered| std::future::ready(!*answered)).count().await;
    assert_eq!(refused, 0);
    assert_eq!(database.count("SELECT count(*) FROM memories").await, 100);
    assert_eq!(database.count("SELECT count(DISTINCT content) FROM memories").await, 100);
    assert_eq!(api.function("memories").cold_starts(), started, "none was replaced");
}
