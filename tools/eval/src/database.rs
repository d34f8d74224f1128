//! The evaluations' database: only the schema, no data.

use std::path::Path;

use anyhow::Result;
use local_postgres::Config;
use measuring::database::Database as Running;
use shared::config::DatabaseConfig;
use shared::db::migrate;

/// A database for one run.
pub(crate) struct Database(Running);

impl Database {
    /// Starts a database under `directory`.
    pub(crate) async fn start(directory: &Path) -> Result<Self> {
        let running = Running::open(directory, Config::ephemeral).await?;
        migrate::run(&DatabaseConfig::new(running.owner_url())?).await?;
        Ok(Self(running))
    }

    /// The configuration with which the services connect.
    pub(crate) async fn config(&self) -> Result<DatabaseConfig> {
        let config = DatabaseConfig::new(self.0.login_url().await?)?;
        Ok(DatabaseConfig { connections: 2, ..config })
    }

    /// Does what autovacuum would do a little later.
    pub(crate) async fn settle(&self) -> Result<()> {
        self.0.execute("VACUUM (ANALYZE)").await
    }
}
