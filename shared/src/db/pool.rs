//! The connections of one process: one in a Lambda environment, a few in the all-in-one server.

use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

use super::{SCHEMA_VERSION, StoreError, Tx, connect};
use crate::config::DatabaseConfig;

/// A connection idle for longer than this is asked whether it still lives before it is used: Lambda freezes
/// environments, networks forget connections, databases fail over.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// What `/ready` reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// The schema's version, the number of the last migration applied.
    pub schema_version: i32,
    /// pgvector's version.
    pub pgvector_version: String,
}

/// A handle to PostgreSQL. Cheap to clone; connects on first use or in [`Database::warm`].
#[derive(Clone)]
pub struct Database {
    pool: Pool,
}

impl Database {
    /// Prepares the connections without opening any.
    pub fn new(config: &DatabaseConfig) -> Result<Self, StoreError> {
        let (parameters, tls) = connect::prepare(config)?;
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let setup = format!("SET statement_timeout = {}; {SETUP}", config.statement_timeout.as_millis());
        let pool = Pool::builder(Manager::from_config(parameters, tls, manager))
            .max_size(config.connections)
            .wait_timeout(Some(Duration::from_secs(5)))
            .create_timeout(Some(Duration::from_secs(8)))
            .recycle_timeout(Some(Duration::from_secs(2)))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(move |client, _| {
                let setup = setup.clone();
                Box::pin(async move {
                    let answer = client.simple_query(&setup).await;
                    let messages = answer.map_err(|error| HookError::message(explain(error).to_string()))?;
                    readiness(&messages).map_err(|error| HookError::message(error.to_string()))?;
                    Ok(())
                })
            }))
            .pre_recycle(Hook::async_fn(|client, metrics| {
                Box::pin(async move {
                    if metrics.last_used() > TRUSTED_IDLE {
                        client.check_connection().await.map_err(HookError::Backend)?;
                    }
                    Ok(())
                })
            }))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { pool })
    }

    /// Opens the first connection now: during a Lambda's initialization, while its processor is not throttled.
    pub async fn warm(&self) -> Result<(), StoreError> {
        self.connection().await.map(drop)
    }

    /// Asks the database whether it can serve: reachable, schema new enough, pgvector new enough.
    pub async fn readiness(&self) -> Result<Readiness, StoreError> {
        let client = self.connection().await?;
        let messages = client.simple_query(VERSIONS).await.map_err(explain)?;
        readiness(&messages)
    }

    /// Begins a transaction with the given first statements, in one round trip.
    ///
    /// Private to the contexts in `access`: they alone know whom the statements must bind the transaction to.
    pub(crate) async fn begin(&self, name: &'static str, prologue: &str) -> Result<Tx, StoreError> {
        let client = self.connection().await?;
        client
            .batch_execute(&format!("BEGIN; {prologue}"))
            .await
            .map_err(|source| StoreError::new(name, source))?;
        Ok(Tx::new(client, name))
    }

    async fn connection(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(source) => StoreError::Unavailable(root_cause(&source)),
            PoolError::PostCreateHook(HookError::Message(message)) => {
                StoreError::Schema(message.into_owned())
            }
            other => StoreError::Unavailable(root_cause(&other)),
        })
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

const VERSIONS: &str = "SELECT (SELECT max(version) FROM refinery_schema_history), \
                        (SELECT extversion FROM pg_extension WHERE extname = 'vector')";
/// Whatever role logged in, requests run as `mem0_app`, to whom row-level security applies.
const SETUP: &str = "SET ROLE mem0_app; \
                     SELECT (SELECT max(version) FROM refinery_schema_history), \
                     (SELECT extversion FROM pg_extension WHERE extname = 'vector')";

fn readiness(messages: &[SimpleQueryMessage]) -> Result<Readiness, StoreError> {
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let schema_version = row.and_then(|row| row.get(0)).and_then(|text| text.parse().ok()).unwrap_or(0);
    let pgvector_version = row.and_then(|row| row.get(1)).unwrap_or("0").to_owned();
    if schema_version < SCHEMA_VERSION {
        return Err(StoreError::Schema(format!(
            "the database schema is at version {schema_version}, this build needs {SCHEMA_VERSION}: run migrate first"
        )));
    }
    // 0.8.3 and 0.8.4 repaired corruption of HNSW indexes by vacuum.
    let version: Vec<u32> = pgvector_version.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    if version.as_slice() < [0, 8, 4].as_slice() {
        return Err(StoreError::Schema(format!("pgvector is {pgvector_version}, at least 0.8.4 is needed")));
    }
    Ok(Readiness { schema_version, pgvector_version })
}

/// Turns the errors of an unprepared database into what to do about it.
fn explain(error: tokio_postgres::Error) -> StoreError {
    let code = error.code().cloned();
    if code == Some(SqlState::UNDEFINED_TABLE)
        || code == Some(SqlState::UNDEFINED_OBJECT)
        || code == Some(SqlState::INVALID_PARAMETER_VALUE)
    {
        return StoreError::Schema(
            "the database has no mem0-enterprise schema: run migrate first".to_owned(),
        );
    }
    StoreError::new("db.setup", error)
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
