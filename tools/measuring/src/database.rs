//! A PostgreSQL for one run, or kept with its data for later ones: a server with a database, the role that owns its
//! schema and the one that requests log in as. The caller applies the schema.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use local_postgres::{Cluster, Config, Durability};
use tokio_postgres::Client;

use crate::report;

const DATABASE: &str = "mem0";
/// Owns the schema and changes it.
const OWNER: &str = "mem0_owner";
/// The role that requests log in as: may become `mem0_app` and nothing else.
const LOGIN: &str = "mem0_login";
/// The password of both roles. The server listens on the loopback interface and does not outlive the run.
pub const PASSWORD: &str = "measured";

/// A running server. Stopped when dropped, and deleted unless it is kept.
pub struct Database {
    cluster: Cluster,
    root: PathBuf,
    kept: bool,
    /// Held until the end: two runs at once would stop each other's server.
    _lock: File,
}

impl Database {
    /// Starts a server under `directory`: with the existing data if the configuration is durable, else in place of
    /// whatever an interrupted run left. `configure` returns the configuration for a given root.
    ///
    /// # Errors
    /// If another run uses the directory, or the server does not start.
    pub async fn open(directory: &Path, configure: impl FnOnce(PathBuf) -> Config) -> Result<Self> {
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let lock = File::create(directory.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another run has {}", directory.display()),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let root = directory.join("postgres");
        let config = configure(root.clone());
        let kept = config.durability == Durability::Durable;
        let cluster = tokio::task::spawn_blocking({
            let root = root.clone();
            move || {
                Cluster::stop_at(&root, &mut report::say)?;
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

    /// The URL of the owner, for applying the schema.
    #[must_use]
    pub fn owner_url(&self) -> String {
        self.cluster.url(OWNER, PASSWORD, DATABASE)
    }

    /// The URL of the login, for answering requests. The schema must exist, because its role is granted now.
    ///
    /// # Errors
    /// If there is no schema.
    pub async fn login_url(&self) -> Result<String> {
        self.execute(&format!("GRANT mem0_app TO {LOGIN}")).await?;
        Ok(self.cluster.url(LOGIN, PASSWORD, DATABASE))
    }

    /// Sets a setting for every session of the login.
    ///
    /// # Errors
    /// If the setting is refused.
    pub async fn begin_with(&self, name: &str, value: &str) -> Result<()> {
        self.execute(&format!("ALTER ROLE {LOGIN} SET {name} TO {value}")).await
    }

    /// Connects as superuser.
    ///
    /// # Errors
    /// If the server is not reachable.
    pub async fn connect(&self) -> Result<Client> {
        Ok(self.cluster.connect(DATABASE).await?)
    }

    /// Executes statements as superuser.
    ///
    /// # Errors
    /// If a statement is refused.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        self.connect().await?.batch_execute(sql).await.with_context(|| sql.to_owned())
    }

    /// The server.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let directory = self.cluster.directory().to_path_buf();
        if let Err(error) = Cluster::stop_at(&self.root, &mut report::say) {
            report::say(&format!("the PostgreSQL of this run was not stopped: {error}"));
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
