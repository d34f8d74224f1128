//! The benchmarks' own PostgreSQL, configured as in production; created for one run, or kept with its data.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use local_postgres::Config;
use measuring::database::Database as Running;

use crate::{kept, process};

/// Settings that ephemeral clusters of tests relax, but a server in production does not.
const AS_IN_PRODUCTION: [(&str, &str); 5] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("scram_iterations", "4096"),
    // Avoids a checkpoint in the middle of a measurement.
    ("max_wal_size", "2GB"),
];

/// A running server with a database that has pgvector.
pub(crate) struct Database(Running);

impl Database {
    /// Starts a server under `directory`, in place of whatever an interrupted run left there.
    pub(crate) async fn start(directory: &Path) -> Result<Self> {
        let running = Running::open(directory, |root| as_in_production(Config::ephemeral(root), "512MB"));
        Ok(Self(running.await?))
    }

    /// Starts the server under `directory` with its existing data and the schema of this
    /// build, or an empty one. It is kept.
    pub(crate) async fn keep(directory: &Path) -> Result<Self> {
        let running = Running::open(directory, |root| as_in_production(Config::durable(root), "2GB"));
        let database = Self(running.await?);
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

    /// The URL of the owner, for applying the schema.
    pub(crate) fn owner_url(&self) -> String {
        self.0.owner_url()
    }

    /// The URL of the login, for answering requests. The schema must exist.
    pub(crate) async fn login_url(&self) -> Result<String> {
        // The login brings the session settings that requests need, so that none must be set, as
        // docs/guides/runtime.md describes.
        let url = self.0.login_url().await?;
        self.0.begin_with("role", "mem0_app").await?;
        self.0.begin_with("statement_timeout", "'10s'").await?;
        self.0.begin_with("application_name", "'mem0-enterprise'").await?;
        // Limits too high to be reached: their cost remains, but they refuse nothing.
        const HIGH: &str = "UPDATE plans SET key_per_minute = 1000000000, user_per_minute = 1000000000,
                                             tenant_per_minute = 1000000000";
        self.0.execute(HIGH).await?;
        Ok(url)
    }

    /// The two roles, each with its password or with what PostgreSQL has of it.
    pub(crate) async fn passwords(&self, secrets: bool) -> Result<Vec<(&'static str, String)>> {
        let client = self.connect().await?;
        let mut passwords = Vec::new();
        for role in ["mem0_owner", "mem0_login"] {
            let password = if secrets {
                client
                    .query_one("SELECT rolpassword FROM pg_authid WHERE rolname = $1", &[&role])
                    .await?
                    .get(0)
            } else {
                measuring::database::PASSWORD.to_owned()
            };
            passwords.push((role, password));
        }
        Ok(passwords)
    }

    /// Brings the database to the state of an hour later: does what [`Self::upkeep`] does, and updates statistics and
    /// visibility maps like autovacuum.
    pub(crate) async fn settle(&self) -> Result<()> {
        self.upkeep().await?;
        self.0.execute("VACUUM (ANALYZE)").await?;
        self.0.execute("CHECKPOINT").await
    }

    /// Does what the jobs do: scopes that have grown are searched in blocks and through the approximate index.
    pub(crate) async fn upkeep(&self) -> Result<()> {
        let client = self.connect().await?;
        while client.query_one("SELECT more FROM mem0.review_tiers()", &[]).await?.get(0) {}
        while client.query_one("SELECT mem0.move_tier(1000)", &[]).await?.get(0) {}
        while client.query_one("SELECT mem0.pack_vectors(most => 5000)", &[]).await?.get(0) {}
        while client.query_one("SELECT mem0.sample_terms()", &[]).await?.get(0) {}
        Ok(())
    }

    /// Changes a setting of the running server that needs no restart, for every session.
    pub(crate) async fn change(&self, name: &str, value: &str) -> Result<()> {
        self.0.execute(&format!("ALTER SYSTEM SET {name} = '{value}'")).await?;
        self.0.execute("SELECT pg_reload_conf()").await
    }

    /// Connects as superuser.
    pub(crate) async fn connect(&self) -> Result<tokio_postgres::Client> {
        self.0.connect().await
    }

    /// The number of memories in all scopes.
    pub(crate) async fn memories(&self) -> Result<usize> {
        let client = self.connect().await?;
        let row = client.query_one("SELECT count(*) FROM memories", &[]).await?;
        Ok(usize::try_from(row.get::<_, i64>(0))?)
    }

    /// The address that the server listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.cluster().port()).into()
    }

    /// The CPU time of all of the server's processes so far.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        let file = self.0.cluster().directory().join("data/postmaster.pid");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let pid = text.lines().next().and_then(|line| line.trim().parse().ok());
        Ok(process::cpu_time(pid.context("postmaster.pid names no process")?))
    }
}

fn as_in_production(config: Config, shared_buffers: &str) -> Config {
    let config = config.set("shared_buffers", shared_buffers);
    AS_IN_PRODUCTION.into_iter().fold(config, |config, (name, value)| config.set(name, value))
}
