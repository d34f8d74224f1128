//! Setting up and checking a new connection before it is used, in one round trip if the login is configured for it.
//!
//! Requests run as `mem0_app`, to which row-level security applies, and no statement runs longer than configured. If
//! the login brings both (it is `mem0_app`, or `ALTER ROLE … SET role` and `SET statement_timeout` set them), the
//! session is not changed, which would pin the connection in RDS Proxy. Otherwise it is changed here.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, HookError};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

use super::{Readiness, SCHEMA_VERSION, StoreError, requirements};

/// What every new connection is asked: the columns of [`VERSIONS`], without reading the history. A table costs a new
/// session more than a function.
const CURRENT: &str = "SELECT mem0.schema_version(), \
                       (SELECT extversion FROM pg_extension WHERE extname = 'vector')";

/// The same of any schema, however old.
pub(super) const VERSIONS: &str = "SELECT (SELECT max(version) FROM refinery_schema_history), \
                        (SELECT extversion FROM pg_extension WHERE extname = 'vector')";

/// Prepares connections for requests.
#[derive(Clone)]
pub(super) struct Settle {
    /// Queries the versions; returns no row unless the session is set up correctly.
    look: Arc<str>,
    /// Sets up the session and queries the same.
    change: Arc<str>,
    /// Sets up the session and queries [`VERSIONS`]. What `change` set up is gone if it failed.
    ask: Arc<str>,
}

impl Settle {
    pub(super) fn new(statement_timeout: Duration) -> Self {
        let timeout = statement_timeout.as_millis();
        let look = format!(
            "{CURRENT} WHERE current_user = 'mem0_app' \
             AND current_setting('statement_timeout')::interval = '{timeout}ms'::interval"
        );
        let set_up = format!("SET statement_timeout = {timeout}; SET ROLE mem0_app");
        let (change, ask) = (format!("{set_up}; {CURRENT}"), format!("{set_up}; {VERSIONS}"));
        Self { look: look.into(), change: change.into(), ask: ask.into() }
    }

    pub(super) async fn run(&self, client: &ClientWrapper) -> Result<(), HookError> {
        let has_row = |messages: &[SimpleQueryMessage]| {
            messages.iter().any(|message| matches!(message, SimpleQueryMessage::Row(_)))
        };
        let looked = client.simple_query(&self.look).await;
        let changed = match looked {
            Ok(messages) if has_row(&messages) => Ok(messages),
            // Not set up, or a login that by itself may not even query the versions.
            Ok(_) => client.simple_query(&self.change).await,
            Err(error) if error.as_db_error().is_some() => client.simple_query(&self.change).await,
            Err(error) => Err(error),
        };
        let told = match changed {
            // Nobody has migrated this database since there is the function, or ever.
            Err(error) if is_absent(&error) => client.simple_query(&self.ask).await,
            told => told,
        };
        let messages =
            told.map_err(|error| unprepared(&error).map_or(HookError::Backend(error), HookError::message))?;
        readiness(&messages).map_err(|error| HookError::message(error.to_string()))?;
        Ok(())
    }
}

/// Whether a function, or the schema that it is in, does not exist.
fn is_absent(error: &tokio_postgres::Error) -> bool {
    let absent = [SqlState::UNDEFINED_FUNCTION, SqlState::INVALID_SCHEMA_NAME];
    error.code().is_some_and(|code| absent.contains(code))
}

/// Checks the versions against what this build needs.
pub(super) fn readiness(messages: &[SimpleQueryMessage]) -> Result<Readiness, StoreError> {
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let schema_version = row.and_then(|row| row.get(0)).and_then(|text| text.parse().ok()).unwrap_or(0);
    let pgvector_version = row.and_then(|row| row.get(1)).unwrap_or("0").to_owned();
    if schema_version < SCHEMA_VERSION {
        return Err(StoreError::Schema(format!(
            "the database schema is at version {schema_version}, this build needs {SCHEMA_VERSION}: run server migrate first, or serve --migrate"
        )));
    }
    requirements::pgvector(&pgvector_version)?;
    Ok(Readiness { schema_version, pgvector_version })
}

/// Explains the error of an unprepared database to its operator; `None` for any other error.
pub(super) fn unprepared(error: &tokio_postgres::Error) -> Option<&'static str> {
    let code = error.code()?;
    if [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_OBJECT, SqlState::INVALID_PARAMETER_VALUE]
        .contains(code)
    {
        Some("the database has no mem0-enterprise schema: run server migrate first, or serve --migrate")
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        Some("the login of MEM0_DATABASE_URL may not act as mem0_app: GRANT mem0_app TO it")
    } else {
        None
    }
}
