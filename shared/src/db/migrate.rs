//! Applying the schema. Only `migrate`, the all-in-one server and the tests are built with this.

use std::hash::{Hash as _, Hasher as _};

use super::{StoreError, connect, requirements};
use crate::config::DatabaseConfig;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The migrations applied now, in order: `V1__tenancy`.
    pub applied: Vec<String>,
    /// The schema's version afterwards.
    pub version: i32,
}

/// Brings the database to this build's schema: idempotent, safe to run from several processes at once, and safe to
/// interrupt (each migration commits by itself).
pub async fn run(config: &DatabaseConfig) -> Result<Migrated, StoreError> {
    let (parameters, tls) = connect::prepare(config)?;
    let place = connect::place(&parameters);
    let (mut client, connection) = parameters.connect(tls).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        StoreError::Unavailable(format!("cannot connect to {place}: {cause}"))
    })?;
    let connection = tokio::spawn(connection);
    let query = |source| StoreError::new("db.migrate", source);
    // One at a time, whoever else is starting; released when this connection ends.
    client.batch_execute("SELECT pg_advisory_lock(7305091300)").await.map_err(query)?;
    requirements::prepare(&client).await?;
    let report = embedded::migrations::runner()
        .run_async(&mut client)
        .await
        .map_err(|error| StoreError::Schema(format!("migration failed: {}", describe(&error))))?;
    client.batch_execute("SELECT mem0.ensure_audit_partitions()").await.map_err(query)?;
    let row =
        client.query_one("SELECT max(version) FROM refinery_schema_history", &[]).await.map_err(query)?;
    drop(client);
    let _ = connection.await;
    let applied = report.applied_migrations().iter().map(ToString::to_string).collect();
    Ok(Migrated { applied, version: row.get(0) })
}

/// Names this build's schema: changes with every migration that is added or edited.
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
