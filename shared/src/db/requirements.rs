//! The requirements of the schema on PostgreSQL.

use super::StoreError;

/// 0.8.3 and 0.8.4 fixed corruption of HNSW indexes by vacuum.
const PGVECTOR: [u32; 3] = [0, 8, 4];

/// Refuses a pgvector that is too old.
pub(super) fn pgvector(version: &str) -> Result<(), StoreError> {
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    if parts.as_slice() < PGVECTOR.as_slice() {
        return Err(StoreError::Schema(format!(
            "pgvector is {version}, at least 0.8.4 is needed: ALTER EXTENSION vector UPDATE"
        )));
    }
    Ok(())
}

/// Ensures that the migrations can run: says what is missing, where they would only say what failed.
#[cfg(feature = "migrations")]
pub(super) async fn prepare(client: &tokio_postgres::Client) -> Result<(), StoreError> {
    use tokio_postgres::error::SqlState;

    const FACTS: &str = "-- db.requirements
        SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
               EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector'),
               (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)
               OR (SELECT count(*) = 3 FROM pg_roles WHERE rolname IN ('mem0_app', 'mem0_identity', 'mem0_upkeep'))";
    const INSTALLED: &str = "-- db.pgvector
        SELECT extversion FROM pg_extension WHERE extname = 'vector'";

    let failed = |error| StoreError::new("db.requirements", error);
    let refuse = |problem: String| Err(StoreError::Schema(problem));
    let facts = client.query_one(FACTS, &[]).await.map_err(failed)?;
    let (version, name): (i32, &str) = (facts.get(0), facts.get(1));
    let (has_pgvector, has_roles): (bool, bool) = (facts.get(2), facts.get(3));
    if version < 150_000 {
        return refuse(format!("this is PostgreSQL {name}, at least 15 is needed"));
    }
    if !has_pgvector {
        return refuse("this PostgreSQL has no pgvector: install 0.8.4 or later on its server".to_owned());
    }
    if !has_roles {
        return refuse(
            "the owner of the schema must be able to make roles: ALTER ROLE … CREATEROLE".to_owned(),
        );
    }
    match client.batch_execute("CREATE EXTENSION IF NOT EXISTS vector").await {
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            return refuse("a superuser must first run CREATE EXTENSION vector in this database".to_owned());
        }
        made => made.map_err(failed)?,
    }
    pgvector(client.query_one(INSTALLED, &[]).await.map_err(failed)?.get(0))
}
