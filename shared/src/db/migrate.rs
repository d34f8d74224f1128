//! Applying the schema. Only `migrate`, the all-in-one server and the tests are built with this.

use std::hash::{Hash as _, Hasher as _};

use super::{StoreError, connect, requirements};
use crate::config::DatabaseConfig;

mod login;

/// Serializes concurrent runs; released when the connection ends.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_lock(7305091300)";

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The migrations applied now, in order: `V1__tenancy`.
    pub applied: Vec<String>,
    /// The schema's version afterwards.
    pub version: i32,
}

/// Brings the database to this build's schema: idempotent, safe to run from several processes at once, and safe to
/// interrupt (each migration commits by itself).
///
/// A database that is ahead of this build is left unchanged, which allows going back to earlier code: every migration
/// leaves a schema on which the code before it runs.
pub async fn run(config: &DatabaseConfig) -> Result<Migrated, StoreError> {
    let (mut client, connection) = connect(config).await?;
    let query = |source| StoreError::new("db.migrate", source);
    client.batch_execute(ONE_AT_A_TIME).await.map_err(query)?;
    requirements::prepare(&client).await?;
    let mut applied = Vec::new();
    if version(&client).await? <= newest() {
        let report = embedded::migrations::runner()
            .run_async(&mut client)
            .await
            .map_err(|error| StoreError::Schema(format!("migration failed: {}", describe(&error))))?;
        applied.extend(report.applied_migrations().iter().map(ToString::to_string));
        client.batch_execute("SELECT mem0.ensure_audit_partitions()").await.map_err(query)?;
    }
    let version = version(&client).await?;
    drop(client);
    let _ = connection.await;
    Ok(Migrated { applied, version })
}

/// Ensures that there is a login of this name which may become `mem0_app` and nothing else. On RDS it authenticates
/// with an IAM token; elsewhere an administrator gives it a password.
pub async fn ensure_login(config: &DatabaseConfig, login: &str) -> Result<(), StoreError> {
    let (client, connection) = connect(config).await?;
    let query = |source| StoreError::new("db.login", source);
    client.batch_execute(ONE_AT_A_TIME).await.map_err(query)?;
    login::ensure(&client, login).await?;
    drop(client);
    let _ = connection.await;
    Ok(())
}

type Connection = tokio::task::JoinHandle<()>;

async fn connect(config: &DatabaseConfig) -> Result<(tokio_postgres::Client, Connection), StoreError> {
    let connect::Prepared { parameters, opener, .. } = connect::prepare(config)?;
    let place = connect::place(&parameters);
    opener.open(&parameters).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        StoreError::Unavailable(format!("cannot connect to {place}: {cause}"))
    })
}

/// The version of this build's newest migration.
fn newest() -> i32 {
    embedded::migrations::runner().get_migrations().iter().map(|it| it.version()).max().unwrap_or_default()
}

/// The version of the newest migration that was applied to the database; 0 if there is none.
async fn version(client: &tokio_postgres::Client) -> Result<i32, StoreError> {
    const THERE: &str = "-- db.has_history
        SELECT to_regclass('refinery_schema_history') IS NOT NULL";
    const VERSION: &str = "-- db.version
        SELECT coalesce(max(version), 0) FROM refinery_schema_history";
    let failed = |source| StoreError::new("db.version", source);
    if !client.query_one(THERE, &[]).await.map_err(failed)?.get::<_, bool>(0) {
        return Ok(0);
    }
    Ok(client.query_one(VERSION, &[]).await.map_err(failed)?.get(0))
}

/// Identifies this build's schema: changes with every migration that is added or edited.
#[must_use]
pub fn fingerprint() -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    for migration in embedded::migrations::runner().get_migrations() {
        (migration.version(), migration.name(), migration.sql()).hash(&mut hasher);
    }
    hasher.finish()
}

fn describe(error: &refinery::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
