//! A test's own database: a copy of the template, dropped with the test.
//!
//! Each is guarded by an advisory lock that its test process holds. A database of a killed process is therefore
//! recognized by its free lock, and the next test removes it.

use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use tokio_postgres::Client;

use super::cluster::{self, LOGIN, OWNER};
use super::template::template;

/// The first key of the advisory locks in database `postgres` that guard test databases; the second is in the name.
const IN_USE: i32 = 0x6d30_6462;

/// A database that nobody else uses.
pub(crate) struct TestDatabase {
    name: String,
    superuser: OnceCell<Client>,
    /// Holds the lock as long as the database exists.
    keeper: Option<Client>,
}

impl TestDatabase {
    /// Creates a migrated, empty database.
    pub(crate) async fn new() -> Self {
        let template = template().await;
        // Faster than through the log, since nothing is synchronized to disk.
        Self::create(&format!("TEMPLATE {template} OWNER {OWNER} STRATEGY file_copy")).await
    }

    /// Creates a database as an installation gets it, with only pgvector, for tests of migrations.
    pub(crate) async fn unprepared() -> Self {
        // Roles belong to the cluster, and creating the template creates them.
        template().await;
        let database = Self::create(&format!("OWNER {OWNER}")).await;
        database.superuser().await.batch_execute("CREATE EXTENSION vector").await.unwrap();
        database
    }

    async fn create(how: &str) -> Self {
        let keeper = cluster::superuser(local_postgres::SUPERUSER).await;
        sweep(&keeper).await;
        let name = claim(&keeper).await;
        keeper.batch_execute(&format!("CREATE DATABASE {name} {how}")).await.unwrap();
        Self { name, superuser: OnceCell::new(), keeper: Some(keeper) }
    }

    /// The application's URL: a login that may only become `mem0_app`.
    pub(crate) async fn url(&self) -> String {
        cluster::url(LOGIN, &self.name).await
    }

    /// A role's URL through something else that listens on that port of `host`, under TLS.
    pub(crate) async fn url_through(
        &self,
        role: &str,
        password: Option<&str>,
        host: &str,
        port: u16,
    ) -> String {
        let password = password.map(|password| format!(" password={password}")).unwrap_or_default();
        let name = &self.name;
        format!(
            "host={host} hostaddr=127.0.0.1 port={port} user={role}{password} dbname={name} sslmode=require"
        )
    }

    /// The address that the server listens on.
    pub(crate) async fn address(&self) -> std::net::SocketAddr {
        (std::net::Ipv4Addr::LOCALHOST, cluster::cluster().await.port()).into()
    }

    /// The URL of the owner, who migrates.
    pub(crate) async fn owner_url(&self) -> String {
        cluster::url(OWNER, &self.name).await
    }

    /// A connection without any restrictions. For test data and inspection, never for what is tested.
    pub(crate) async fn superuser(&self) -> &Client {
        self.superuser.get_or_init(|| cluster::superuser(&self.name)).await
    }

    /// Another connection like that, for holding a lock while others continue.
    pub(crate) async fn another_superuser(&self) -> Client {
        cluster::superuser(&self.name).await
    }

    /// Waits until this many transactions wait for a lock.
    pub(crate) async fn until_waiting(&self, many: i64) {
        let count = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let superuser = self.superuser().await;
        for _ in 0..1000 {
            // The view of the sessions is cached for a transaction.
            superuser.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
            if superuser.query_one(count, &[]).await.unwrap().get::<_, i64>(0) >= many {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nobody waits");
    }

    /// The URL of the superuser.
    pub(crate) async fn superuser_url(&self) -> String {
        cluster::url(local_postgres::SUPERUSER, &self.name).await
    }

    /// A connection like the application's, before it is bound to a caller.
    pub(crate) async fn as_app(&self) -> Client {
        let client = connect(&self.url().await).await;
        client.batch_execute("SET ROLE mem0_app").await.unwrap();
        client
    }
}

async fn connect(url: &str) -> Client {
    let config: tokio_postgres::Config = url.parse().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Returns a name whose lock the keeper now holds.
async fn claim(keeper: &Client) -> String {
    let random =
        "SELECT n, pg_try_advisory_lock($1, n) FROM (SELECT (random() * 2147483646)::integer AS n) r";
    loop {
        let row = keeper.query_one(random, &[&IN_USE]).await.unwrap();
        if row.get(1) {
            return format!("mem0_test_{}", row.get::<_, i32>(0));
        }
    }
}

async fn try_lock(client: &Client, number: i32) -> bool {
    let lock = "SELECT pg_try_advisory_lock($1, $2)";
    client.query_one(lock, &[&IN_USE, &number]).await.unwrap().get(0)
}

/// Drops databases whose lock nobody holds.
async fn sweep(client: &Client) {
    let all = "SELECT datname FROM pg_database WHERE datname LIKE 'mem0\\_test\\_%'";
    for row in client.query(all, &[]).await.unwrap() {
        let name: &str = row.get(0);
        let Ok(number) = name.trim_start_matches("mem0_test_").parse::<i32>() else { continue };
        if try_lock(client, number).await {
            drop_database(client, name).await;
            client.execute("SELECT pg_advisory_unlock($1, $2)", &[&IN_USE, &number]).await.unwrap();
        }
    }
}

async fn drop_database(client: &Client, name: &str) {
    let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
}

impl Drop for TestDatabase {
    /// On a thread of its own, because a destructor cannot await and the test's runtime may be shutting down.
    fn drop(&mut self) {
        let (name, started) = (std::mem::take(&mut self.name), Instant::now());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { drop_database(&cluster::superuser("postgres").await, &name).await });
        });
        let _ = dropping.join();
        drop(self.keeper.take());
        if started.elapsed() > Duration::from_secs(5) {
            eprintln!("dropping a test's database took {} s", started.elapsed().as_secs());
        }
    }
}

/// Counts scopes and packs the vectors of every scope that has any.
pub(crate) async fn pack(client: &Client) {
    client.batch_execute("SELECT mem0.review_tiers()").await.unwrap();
    while client.query_one("SELECT mem0.pack_vectors(1, 0, 20)", &[]).await.unwrap().get(0) {}
}
