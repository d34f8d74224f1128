//! `make lambda-up`: the stack with its own PostgreSQL.

use std::path::Path;

use anyhow::{Context as _, Result};
use deploy::{Databases, Stack};
use local_postgres::{Cluster, Config, SUPERUSER};

use crate::directory;

/// Next to 13370, on which `make up` serves.
const PORT: u16 = 13371;
const DATABASE: &str = "mem0";
const OWNER: &str = "mem0_owner";
const LOGIN: &str = "mem0_login";

/// Starts what is not running, and deploys to it.
pub(crate) async fn up(artifacts: &Path) -> Result<()> {
    let databases = databases().await?;
    let stack = Stack::up(&directory(), PORT, artifacts, &databases).await?;
    stack.announce();
    Ok(())
}

/// Stops the emulator and the database, whose data is kept.
pub(crate) async fn down() -> Result<()> {
    let stopped = Stack::down(&directory())?;
    let root = directory().join("postgres");
    let database = tokio::task::spawn_blocking(move || Cluster::stop_at(&root, &mut say)).await??;
    say(if stopped || database { "stopped" } else { "nothing was running" });
    Ok(())
}

async fn databases() -> Result<Databases> {
    let config =
        Config::durable(directory().join("postgres")).set("shared_buffers", "128MB").set("jit", "off");
    let cluster = tokio::task::spawn_blocking(move || Cluster::open(&config, &mut say)).await??;
    let password = password()?;
    for role in [OWNER, LOGIN] {
        cluster.ensure_role(role, &password).await?;
    }
    let superuser = cluster.connect(SUPERUSER).await?;
    // As on RDS, where the owner has created the login and may therefore prepare it.
    let roles = format!(
        "ALTER ROLE {OWNER} CREATEROLE; ALTER ROLE {LOGIN} NOINHERIT; GRANT {LOGIN} TO {OWNER} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
    );
    superuser.batch_execute(&roles).await.context("preparing the roles")?;
    cluster.ensure_database(DATABASE, OWNER).await?;
    cluster.ensure_extension(DATABASE, "vector").await?;
    Ok(Databases {
        login: cluster.url(LOGIN, &password, DATABASE),
        role: LOGIN.to_owned(),
        owner: cluster.url(OWNER, &password, DATABASE),
    })
}

/// Returns the password of both roles of the local database, kept in a file that only this user can read.
fn password() -> Result<String> {
    use std::io::{Read as _, Write as _};
    use std::os::unix::fs::OpenOptionsExt as _;

    let path = directory().join("database-password");
    if let Ok(password) = std::fs::read_to_string(&path) {
        return Ok(password);
    }
    let mut random = [0_u8; 24];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let password: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::create_dir_all(directory())?;
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
    file.write_all(password.as_bytes())?;
    Ok(password)
}

#[allow(clippy::print_stderr, reason = "a command speaks to whoever runs it")]
fn say(line: &str) {
    eprintln!("{line}");
}
