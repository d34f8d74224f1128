//! The benchmarks' own PostgreSQL: set up as in production; made for one run and gone afterwards, or kept with its data.

use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use local_postgres::{Cluster, Config, Durability};

use crate::{kept, process, report};

const DATABASE: &str = "mem0";
/// Owns the schema and changes it.
const OWNER: &str = "mem0_owner";
/// What requests log in as: may become `mem0_app` and nothing else.
const LOGIN: &str = "mem0_login";
/// The server listens on the loopback interface and does not outlive the run.
pub(crate) const PASSWORD: &str = "bench";

/// What the throw-away clusters of the tests leave out, and a server that keeps its data does not.
const AS_IN_PRODUCTION: [(&str, &str); 5] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("scram_iterations", "4096"),
    // No checkpoint in the middle of a measurement.
    ("max_wal_size", "2GB"),
];

/// A running server with a database that has pgvector. Stopped when dropped, and removed unless it is kept.
pub(crate) struct Database {
    cluster: Cluster,
    root: PathBuf,
    kept: bool,
    /// Held until the end: two runs at once would measure each other.
    _lock: File,
}

impl Database {
    /// Starts one under `directory`, in place of whatever an interrupted run left there.
    pub(crate) async fn start(directory: &Path) -> Result<Self> {
        Self::open(directory, Config::ephemeral, "512MB").await
    }

    /// Starts the one under `directory` with what is in it and the schema of this build, or an empty one. It is kept.
    pub(crate) async fn keep(directory: &Path) -> Result<Self> {
        let database = Self::open(directory, Config::durable, "2GB").await?;
        #[expect(
            clippy::disallowed_methods,
            reason = "as the owner, who applies the schema; no request does"
        )]
        let (mut owner, connection) =
            tokio_postgres::connect(&database.owner_url(), tokio_postgres::NoTls).await?;
        let connection = tokio::spawn(connection);
        kept::bring_up_to_date(&mut owner).await?;
        drop(owner);
        connection.await??;
        Ok(database)
    }

    async fn open(directory: &Path, config: fn(PathBuf) -> Config, shared_buffers: &str) -> Result<Self> {
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let lock = File::create(directory.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another benchmark is running in {}", directory.display()),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let root = directory.join("postgres");
        let config = config(root.clone()).set("shared_buffers", shared_buffers);
        let kept = config.durability == Durability::Durable;
        let cluster = tokio::task::spawn_blocking({
            let root = root.clone();
            move || {
                Cluster::stop_at(&root, &mut report::say)?;
                let config = AS_IN_PRODUCTION
                    .into_iter()
                    .fold(config, |config, (name, value)| config.set(name, value));
                Cluster::open(&config, &mut report::say)
            }
        })
        .await??;
        let database = Self { cluster, root, kept, _lock: lock };
        database.prepare().await?;
        Ok(database)
    }

    async fn prepare(&self) -> Result<()> {
        let cluster = &self.cluster;
        cluster.ensure_role(OWNER, PASSWORD).await?;
        cluster.ensure_role(LOGIN, PASSWORD).await?;
        cluster.ensure_database(DATABASE, OWNER).await?;
        cluster.ensure_extension(DATABASE, "vector").await?;
        self.execute(&format!("ALTER ROLE {OWNER} CREATEROLE")).await
    }

    /// For whoever applies the schema.
    pub(crate) fn owner_url(&self) -> String {
        self.cluster.url(OWNER, PASSWORD, DATABASE)
    }

    /// For whoever answers requests. The schema must be there.
    pub(crate) async fn login_url(&self) -> Result<String> {
        // The session that requests need, brought by the login: nothing is left to be set, as docs/guides/runtime.md has it.
        self.execute(&format!("GRANT mem0_app TO {LOGIN}")).await?;
        self.execute(&format!("ALTER ROLE {LOGIN} SET role TO mem0_app")).await?;
        self.execute(&format!("ALTER ROLE {LOGIN} SET statement_timeout TO '10s'")).await?;
        // Limits that nothing measured here reaches: what they cost stays, what they refuse does not.
        const HIGH: &str = "UPDATE plans SET key_per_minute = 1000000000, user_per_minute = 1000000000,
                                             tenant_per_minute = 1000000000";
        self.execute(HIGH).await?;
        Ok(self.cluster.url(LOGIN, PASSWORD, DATABASE))
    }

    /// What would have happened an hour later: what [`Self::upkeep`] does, and autovacuum has brought statistics and
    /// visibility maps up to date.
    pub(crate) async fn settle(&self) -> Result<()> {
        self.upkeep().await?;
        let client = self.connect().await?;
        client.batch_execute("VACUUM (ANALYZE)").await?;
        client.batch_execute("CHECKPOINT").await?;
        Ok(())
    }

    /// What the jobs do: scopes that have grown are searched in blocks and through the approximate index.
    pub(crate) async fn upkeep(&self) -> Result<()> {
        let client = self.connect().await?;
        while client.query_one("SELECT more FROM mem0.review_tiers()", &[]).await?.get(0) {}
        while client.query_one("SELECT mem0.move_tier(1000)", &[]).await?.get(0) {}
        while client.query_one("SELECT mem0.pack_vectors(most => 5000)", &[]).await?.get(0) {}
        while client.query_one("SELECT mem0.sample_terms()", &[]).await?.get(0) {}
        Ok(())
    }

    /// As superuser.
    pub(crate) async fn connect(&self) -> Result<tokio_postgres::Client> {
        Ok(self.cluster.connect(DATABASE).await?)
    }

    /// How many memories there are, in every scope.
    pub(crate) async fn memories(&self) -> Result<usize> {
        let client = self.cluster.connect(DATABASE).await?;
        let row = client.query_one("SELECT count(*) FROM memories", &[]).await?;
        Ok(usize::try_from(row.get::<_, i64>(0))?)
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.cluster.port()).into()
    }

    /// CPU time of all of the server's processes until now.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        let file = self.cluster.directory().join("data/postmaster.pid");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
        Ok(process::cpu_time(pid.context("postmaster.pid names no process")?))
    }

    async fn execute(&self, sql: &str) -> Result<()> {
        let client = self.cluster.connect(DATABASE).await?;
        client.batch_execute(sql).await.with_context(|| sql.to_owned())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let directory = self.cluster.directory().to_path_buf();
        if let Err(error) = Cluster::stop_at(&self.root, &mut report::say) {
            report::say(&format!("the benchmarks' PostgreSQL was not stopped: {error}"));
            return;
        }
        if self.kept {
            return;
        }
        for directory in [directory, self.root.clone()] {
            // The next run replaces what could not be removed.
            let _ = fs::remove_dir_all(directory);
        }
    }
}
