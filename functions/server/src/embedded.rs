//! The embedded PostgreSQL of a local installation, under `.local/`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use local_postgres::{Cluster, Config};
use shared::config::variable;

const DATABASE: &str = "mem0";
const OWNER: &str = "mem0_owner";

/// `MEM0_LOCAL_DIR` (`.local`): the directory of a local installation.
pub(crate) fn directory() -> PathBuf {
    variable("MEM0_LOCAL_DIR").unwrap_or_else(|| ".local".to_owned()).into()
}

pub(crate) fn cluster_root(directory: &Path) -> PathBuf {
    directory.join("postgres")
}

/// Locks the directory until the returned file is dropped or the process ends. Two servers in it would overwrite each
/// other's files, and the first to stop would stop the other's PostgreSQL.
///
/// # Errors
/// If another process holds the lock; the error names it and what it serves.
pub(crate) async fn hold(directory: &Path, url: &str) -> Result<File> {
    fs::create_dir_all(directory).with_context(|| format!("creating {}", directory.display()))?;
    let path = lock_file(directory);
    let reading = || format!("opening {}", path.display());
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .with_context(reading)?;
    let mut lock = file.try_lock();
    // Those who only look whether somebody holds it are done at once.
    for _ in 0..5 {
        if matches!(lock, Err(TryLockError::WouldBlock)) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            lock = file.try_lock();
        }
    }
    match lock {
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

/// Returns what [`hold`] wrote, `process 8793 on http://127.0.0.1:13370`, if a process holds the directory.
pub(crate) fn holder(directory: &Path) -> Result<Option<String>> {
    let path = lock_file(directory);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("opening {}", path.display())),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            Ok(Some(holder.trim().to_owned()))
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {}", path.display())),
    }
}

fn lock_file(directory: &Path) -> PathBuf {
    directory.join("served")
}

/// Starts PostgreSQL unless it runs, creates the database, and returns its URL. The URL is also written to
/// `database-url`, for running a single function beside the server.
pub(crate) async fn start(directory: &Path) -> Result<String> {
    let root = cluster_root(directory);
    let cluster = tokio::task::spawn_blocking(move || {
        let config = Config::durable(root).set("shared_buffers", "256MB").set("jit", "off");
        Cluster::open(&config, &mut |line| crate::say(line))
    })
    .await??;
    let password = crate::demo::secret_file(&directory.join("database-password"))?;
    cluster.ensure_role(OWNER, &password).await?;
    // The owner creates the application's roles; only a superuser can install pgvector.
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

/// Stops PostgreSQL. Returns whether it was running.
pub(crate) async fn stop(directory: &Path) -> Result<bool> {
    let root = cluster_root(directory);
    Ok(tokio::task::spawn_blocking(move || Cluster::stop_at(&root, &mut |line| crate::say(line))).await??)
}
