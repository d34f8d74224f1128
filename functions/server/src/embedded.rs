//! The PostgreSQL of a laptop, under `.local/`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use local_postgres::{Cluster, Config};
use shared::config::variable;

const DATABASE: &str = "mem0";
const OWNER: &str = "mem0_owner";

/// `MEM0_LOCAL_DIR` (`.local`): where everything of a local installation lies.
pub(crate) fn directory() -> PathBuf {
    variable("MEM0_LOCAL_DIR").unwrap_or_else(|| ".local".to_owned()).into()
}

pub(crate) fn cluster_root(directory: &Path) -> PathBuf {
    directory.join("postgres")
}

/// Starts PostgreSQL unless it runs, makes the database, and returns its URL, which is also left in `database-url` for
/// whoever runs a single function beside it.
pub(crate) async fn start(directory: &Path) -> Result<String> {
    let root = cluster_root(directory);
    let cluster = tokio::task::spawn_blocking(move || {
        let config = Config::durable(root).set("shared_buffers", "256MB").set("jit", "off");
        Cluster::open(&config, &mut |line| crate::say(line))
    })
    .await??;
    let password = crate::demo::secret_file(&directory.join("database-password"))?;
    cluster.ensure_role(OWNER, &password).await?;
    // The owner makes the application's roles; pgvector can only be installed by a superuser.
    let superuser = cluster.connect(local_postgres::SUPERUSER).await?;
    superuser
        .batch_execute(&format!("ALTER ROLE {OWNER} CREATEROLE"))
        .await
        .context("granting CREATEROLE")?;
    cluster.ensure_database(DATABASE, OWNER).await?;
    cluster.ensure_extension(DATABASE, "vector").await?;
    let url = cluster.url(OWNER, &password, DATABASE);
    crate::demo::write_private(&directory.join("database-url"), &format!("{url}\n"))?;
    Ok(url)
}

/// Stops PostgreSQL. Says whether it ran.
pub(crate) async fn stop(directory: &Path) -> Result<bool> {
    let root = cluster_root(directory);
    Ok(tokio::task::spawn_blocking(move || Cluster::stop_at(&root, &mut |line| crate::say(line))).await??)
}
