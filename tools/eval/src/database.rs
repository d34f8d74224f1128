//! The evaluations' own PostgreSQL: made for one run, gone afterwards.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use local_postgres::{Cluster, Config};
use shared::config::DatabaseConfig;
use shared::db::migrate;

use crate::report;

const DATABASE: &str = "mem0";
/// Owns the schema.
const OWNER: &str = "mem0_owner";
/// What the services log in as: may become `mem0_app` and nothing else.
const LOGIN: &str = "mem0_login";
/// The server listens on the loopback interface and does not outlive the run.
const PASSWORD: &str = "eval";

/// A running server with the schema and nothing in it. Stopped and removed when dropped.
pub(crate) struct Database {
    cluster: Cluster,
    root: PathBuf,
    /// Held until the end: two runs at once would take each other's server away.
    _lock: File,
}

impl Database {
    /// Starts one under `directory`, in place of whatever an interrupted run left there.
    pub(crate) async fn start(directory: &Path) -> Result<Self> {
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let lock = File::create(directory.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another evaluation is running in {}", directory.display())
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let root = directory.join("postgres");
        let cluster = tokio::task::spawn_blocking({
            let root = root.clone();
            move || {
                Cluster::stop_at(&root, &mut report::say)?;
                Cluster::open(&Config::ephemeral(root), &mut report::say)
            }
        })
        .await??;
        let database = Self { cluster, root, _lock: lock };
        database.prepare().await?;
        Ok(database)
    }

    async fn prepare(&self) -> Result<()> {
        let cluster = &self.cluster;
        cluster.ensure_role(OWNER, PASSWORD).await?;
        cluster.ensure_role(LOGIN, PASSWORD).await?;
        cluster.ensure_database(DATABASE, OWNER).await?;
        for extension in ["vector", "btree_gin"] {
            cluster.ensure_extension(DATABASE, extension).await?;
        }
        self.execute(&format!("ALTER ROLE {OWNER} CREATEROLE")).await?;
        migrate::run(&DatabaseConfig::new(cluster.url(OWNER, PASSWORD, DATABASE))?).await?;
        self.execute(&format!("GRANT mem0_app TO {LOGIN}")).await
    }

    /// How the services reach it.
    pub(crate) fn config(&self) -> Result<DatabaseConfig> {
        let config = DatabaseConfig::new(self.cluster.url(LOGIN, PASSWORD, DATABASE))?;
        Ok(DatabaseConfig { connections: 2, ..config })
    }

    /// What autovacuum would have done a little later.
    pub(crate) async fn settle(&self) -> Result<()> {
        self.execute("VACUUM (ANALYZE)").await
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
            report::say(&format!("the evaluations' PostgreSQL was not stopped: {error}"));
            return;
        }
        for directory in [directory, self.root.clone()] {
            // The next run replaces what could not be removed.
            let _ = fs::remove_dir_all(directory);
        }
    }
}
