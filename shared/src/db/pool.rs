//! The connections of one process: one in a Lambda environment, a few in the all-in-one server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod, Runtime,
    TimeoutType,
};
use futures_util::future::{join, join_all};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::expected::{Expected, Rehearsal};
use super::login::{Progress, Stage};
use super::settle::{Settle, VERSIONS, readiness, unprepared};
use super::trust::Trust;
use super::tx::{self, Alone, Binding, Reading, micros_since};
use super::{StoreError, Tx, connect};
use crate::config::DatabaseConfig;

/// How long a connection may take to answer a liveness check; one whose peer is gone would never answer.
const CHECK: Duration = Duration::from_secs(1);

/// After losing this many newly opened connections, a transaction gives up beginning.
const CHANCES: usize = 2;

/// The remaining attempts. A connection that died while idle, or immediately after it was opened, has executed nothing
/// yet, so another one can be used in its place.
struct Chances(usize);

impl Default for Chances {
    fn default() -> Self {
        Self(CHANCES)
    }
}

impl Chances {
    /// Decides whether to retry after a failure. The failure also says whether the connection had been used before.
    fn take(&mut self, name: &str, (source, kept): (tokio_postgres::Error, bool)) -> Result<(), StoreError> {
        self.0 -= usize::from(!kept);
        if self.0 > 0 && is_lost(&source) { Ok(()) } else { Err(StoreError::new(name, source)) }
    }
}

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
    tls: MakeRustlsConnect,
    /// The address it connects to, for messages.
    place: Arc<str>,
    /// How far the first login is.
    progress: Progress,
    rehearsal: Option<Arc<Rehearsal>>,
}

impl Database {
    /// Prepares the pool without opening any connection.
    pub fn new(config: &DatabaseConfig) -> Result<Self, StoreError> {
        Self::expecting(config, Expected::default())
    }

    /// Does the same for a process whose first requests are likely to need these statements: each new connection
    /// prepares them in the same round trip in which it is checked. What fails there fails again, and is reported,
    /// where the statement is used.
    pub fn expecting(config: &DatabaseConfig, expected: Expected) -> Result<Self, StoreError> {
        let connect::Prepared { parameters, opener, tls } = connect::prepare(config)?;
        let progress = opener.progress();
        let statements: Arc<[String]> = expected.statements.into();
        let rehearsal = expected.rehearsal.map(Arc::new);
        let place = connect::place(&parameters).into();
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let settle = Settle::new(config.statement_timeout);
        let trust = Arc::new(Trust::new());
        let pool = Pool::builder(Manager::from_connect(parameters, opener, manager))
            .max_size(config.connections)
            // The connection that was used last: its backend has tables, plans and pages cached.
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(Duration::from_secs(5)))
            .create_timeout(Some(Duration::from_secs(8)))
            .recycle_timeout(Some(Duration::from_secs(2)))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(move |client, _| {
                let (settle, statements) = (settle.clone(), Arc::clone(&statements));
                Box::pin(async move {
                    // In this order, since each is sent when it is first polled.
                    let prepared = statements.iter().map(|sql| client.prepare_cached(sql));
                    join(settle.run(client), join_all(prepared)).await.0
                })
            }))
            .pre_recycle(Hook::async_fn(move |client, metrics| {
                let trusted = trust.holds(metrics.last_used());
                Box::pin(async move {
                    if trusted {
                        return Ok(());
                    }
                    match tokio::time::timeout(CHECK, client.check_connection()).await {
                        Ok(lives) => lives.map_err(HookError::Backend),
                        Err(_) => Err(HookError::message("the connection does not answer any more")),
                    }
                })
            }))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { pool, tls, place, progress, rehearsal })
    }

    /// Opens the first connection now: during Lambda's initialization phase, when the CPU is not throttled. Returns when
    /// the server has been asked to let this process in, so that it can go on starting while the server works.
    pub async fn warm(&self) {
        let database = self.clone();
        tokio::spawn(async move {
            if let Err(error) = database.connection().await {
                tracing::warn!(%error, "the database is not available yet");
            }
            database.progress.reach(Stage::Over);
        });
        self.progress.wait_for(Stage::Asked).await;
    }

    /// Waits until [`Self::warm`] has logged in, which is all that takes this process any work, or cannot. The answer to
    /// what a new connection is asked first arrives afterwards, and a request that comes earlier waits for it.
    pub async fn warmed(&self) {
        self.progress.wait_for(Stage::Over).await;
    }

    /// Checks whether the database can serve: reachable, schema new enough, pgvector new enough.
    pub async fn readiness(&self) -> Result<Readiness, StoreError> {
        let client = self.connection().await?;
        let messages = client.simple_query(VERSIONS).await.map_err(|error| match unprepared(&error) {
            Some(problem) => StoreError::Schema(problem.to_owned()),
            None => StoreError::new("db.readiness", error),
        })?;
        readiness(&messages)
    }

    /// Begins a transaction with the given first statements, in one round trip.
    ///
    /// Private to the contexts in `access`, since only they know whom the statements must bind the transaction to.
    pub(crate) async fn begin(&self, name: &'static str, prologue: &str) -> Result<Tx, StoreError> {
        let begin = format!("BEGIN; {prologue}");
        let mut chances = Chances::default();
        loop {
            let client = self.connection().await?;
            match Tx::begin(client, name, self.tls.clone(), &begin).await {
                Ok(tx) => return Ok(tx),
                Err(failure) => chances.take(name, failure)?,
            }
        }
    }

    /// Begins a transaction with the given first statements, the one that binds it, if there is one, and one that reads, in
    /// one round trip. Returns the rows of both.
    ///
    /// Private to the contexts in `access`, like [`Database::begin`].
    pub(crate) async fn begin_with(
        &self,
        name: &'static str,
        prologue: &str,
        binding: Option<&Binding<'_>>,
        reading: Reading<'_>,
    ) -> Result<(Tx, Vec<Row>, Vec<Row>), StoreError> {
        let begin = format!("BEGIN; {prologue}");
        let mut chances = Chances::default();
        loop {
            let client = self.connection().await?;
            match Tx::begin_with(client, name, self.tls.clone(), &begin, binding, reading).await {
                Ok(begun) => return Ok(begun),
                Err(failure) => chances.take(tx::statement_name(reading.0), failure)?,
            }
        }
    }

    /// Runs one statement in a transaction of its own, in one round trip instead of three, and returns every row.
    ///
    /// Private to the contexts in `access`, like [`Database::begin`]. The statement must be safe to repeat: on a
    /// connection that died while idle, it is unknown how far it came.
    pub(crate) async fn query_alone(
        &self,
        name: &'static str,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let mut chances = Chances::default();
        loop {
            let client = self.connection().await?;
            let started = Instant::now();
            let alone = Alone::new(client, self.tls.clone());
            let rows = match self.rehearsal.as_deref().filter(|rehearsal| rehearsal.begin()) {
                Some(rehearsal) => alone.query_before(sql, params, rehearsal).await,
                None => alone.query(sql, params).await,
            };
            crate::telemetry::database_work(1, micros_since(started));
            match rows {
                Ok(rows) => return Ok(rows),
                Err(failure) => chances.take(name, failure)?,
            }
        }
    }

    /// Runs a statement once with each of these parameters, all in one transaction and in one round trip, and returns every
    /// row of each. If one of them fails, nothing was done.
    pub(super) async fn query_each(
        &self,
        sql: &str,
        each: &[Vec<&(dyn ToSql + Sync)>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let client = self.connection().await?;
        let answers = Alone::new(client, self.tls.clone()).query_each(sql, each).await;
        answers.map_err(|(source, _)| StoreError::new(tx::statement_name(sql), source))
    }

    async fn connection(&self) -> Result<Object, StoreError> {
        let mut opened = self.pool.get().await;
        if opened.as_ref().is_err_and(is_cut_off) {
            opened = self.pool.get().await;
        }
        opened.map_err(|error| match error {
            PoolError::PostCreateHook(HookError::Message(message)) => {
                StoreError::Schema(message.into_owned())
            }
            PoolError::Timeout(TimeoutType::Wait) => {
                StoreError::Unavailable("every connection is in use".to_owned())
            }
            other => {
                StoreError::Unavailable(format!("cannot connect to {}: {}", self.place, root_cause(&other)))
            }
        })
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

/// Whether the connection is gone: closed, or ended by the server (class 57P: shutdown, crash, an administrator).
fn is_lost(error: &tokio_postgres::Error) -> bool {
    let io = std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>());
    io || error.is_closed() || error.code().is_some_and(|code| code.code().starts_with("57P"))
}

/// Whether the server ended a connection while it was being opened, which says nothing about the next one.
fn is_cut_off(error: &PoolError) -> bool {
    let (PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error))) = error else {
        return false;
    };
    error.is_closed() || error.code() == Some(&SqlState::ADMIN_SHUTDOWN)
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
