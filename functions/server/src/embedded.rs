//! The PostgreSQL of a laptop, under `.local/`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
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

/// The directory, for as long as this lives or the process does: two servers in it would write over each other's files, and
/// the first to end would stop the other's PostgreSQL.
///
/// # Errors
/// When another process holds it; which one, and what it serves.
pub(crate) fn hold(directory: &Path, url: &str) -> Result<File> {
    fs::create_dir_all(directory).with_context(|| format!("creating {}", directory.display()))?;
    let path = directory.join("served");
    let reading = || format!("opening {}", path.display());
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .with_context(reading)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder).with_context(reading)?;
            bail!(
                "{} is served already, by {}: stop that first, or set MEM0_LOCAL_DIR to another directory",
                directory.display(),
                holder.trim()
            );
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(reading),
    }
    file.set_len(0)?;
    writeln!(file, "process {} on {url}", std::process::id())?;
    Ok(file)
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
