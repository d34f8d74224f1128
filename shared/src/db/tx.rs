//! Transactions: the only way in which statements reach PostgreSQL.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use deadpool_postgres::Object;
use futures_util::future::{Either, join, join_all, join3, select};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::StoreError;
use super::expected::Rehearsal;

/// An open transaction. If it is dropped without [`Tx::commit`], it is rolled back; the connection is discarded if the
/// rollback cannot be sent. If it is dropped while a statement runs, because the request was abandoned, the statement
/// is cancelled and the connection discarded.
pub struct Tx {
    client: Option<Object>,
    name: &'static str,
    /// Connects in order to cancel a statement.
    tls: MakeRustlsConnect,
    running: AtomicBool,
    failed: AtomicBool,
    queries: AtomicU32,
    micros: AtomicU64,
}

type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// An error, and whether the connection had been used before.
type Failure = (tokio_postgres::Error, bool);

/// A statement, its parameters, and whether it is worth keeping prepared.
pub(super) type Reading<'a> = (&'a str, Params<'a>, bool);

/// The statement that binds a transaction, with its parameters, and whether it succeeded, whatever followed.
pub(crate) struct Binding<'a> {
    statement: &'a str,
    params: Params<'a>,
    bound: AtomicBool,
}

impl<'a> Binding<'a> {
    pub(crate) fn new(statement: &'a str, params: Params<'a>) -> Self {
        Self { statement, params, bound: AtomicBool::new(false) }
    }

    /// Whether it succeeded the last time.
    pub(crate) fn has_succeeded(&self) -> bool {
        self.bound.load(Ordering::Relaxed)
    }

    async fn run(&self, client: &Object, statement: &Statement) -> Result<Vec<Row>, tokio_postgres::Error> {
        let rows = client.query(statement, self.params).await?;
        self.bound.store(true, Ordering::Relaxed);
        Ok(rows)
    }
}

impl Tx {
    /// Begins with these statements. The transaction counts as running from the first: if the call is abandoned, the
    /// connection must not return to the pool with a half-begun transaction.
    pub(super) async fn begin(
        client: Object,
        name: &'static str,
        tls: MakeRustlsConnect,
        begin: &str,
    ) -> Result<Self, Failure> {
        let started = Instant::now();
        let mut tx = Self {
            client: Some(client),
            name,
            tls,
            running: AtomicBool::new(true),
            failed: AtomicBool::new(false),
            queries: AtomicU32::new(1),
            micros: AtomicU64::new(0),
        };
        let begun = match &tx.client {
            Some(client) => client.batch_execute(begin).await,
            None => Ok(()),
        };
        tx.running.store(false, Ordering::Relaxed);
        tx.micros.store(micros_since(started), Ordering::Relaxed);
        let Err(error) = begun else { return Ok(tx) };
        let kept = tx.client.take().is_some_and(|client| {
            let kept = Object::metrics(&client).recycled.is_some();
            drop(Object::take(client));
            kept
        });
        Err((error, kept))
    }

    /// Begins with these statements, one that binds the transaction, if there is one, and one that reads, all sent at once
    /// in one round trip. Returns the rows of both. The error is as in [`Self::begin`], that of the first which failed.
    pub(super) async fn begin_with(
        client: Object,
        name: &'static str,
        tls: MakeRustlsConnect,
        begin: &str,
        binding: Option<&Binding<'_>>,
        reading: Reading<'_>,
    ) -> Result<(Self, Vec<Row>, Vec<Row>), Failure> {
        let started = Instant::now();
        let tx = Self {
            client: Some(client),
            name,
            tls,
            running: AtomicBool::new(true),
            failed: AtomicBool::new(false),
            queries: AtomicU32::new(1),
            micros: AtomicU64::new(0),
        };
        let answer = match &tx.client {
            Some(client) => begin_reading(client, begin, binding, reading).await,
            None => Ok((Vec::new(), Vec::new())),
        };
        tx.running.store(false, Ordering::Relaxed);
        tx.micros.store(micros_since(started), Ordering::Relaxed);
        match answer {
            Ok((first, rows)) => Ok((tx, first, rows)),
            // Dropping the transaction rolls it back.
            Err(error) => {
                let reused =
                    tx.client.as_ref().is_some_and(|client| Object::metrics(client).recycled.is_some());
                Err((error, reused))
            }
        }
    }

    /// Returns every row. The statement is prepared once per connection.
    pub async fn query(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.timed(sql, async |client: &Object| {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, params).await
        })
        .await
    }

    /// Returns at most one row.
    pub async fn query_opt(&self, sql: &str, params: Params<'_>) -> Result<Option<Row>, StoreError> {
        self.timed(sql, async |client: &Object| {
            let statement = client.prepare_cached(sql).await?;
            client.query_opt(&statement, params).await
        })
        .await
    }

    /// Returns exactly one row.
    pub async fn query_one(&self, sql: &str, params: Params<'_>) -> Result<Row, StoreError> {
        self.timed(sql, async |client: &Object| {
            let statement = client.prepare_cached(sql).await?;
            client.query_one(&statement, params).await
        })
        .await
    }

    /// Executes a statement and returns the number of rows it changed.
    pub async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64, StoreError> {
        self.timed(sql, async |client: &Object| {
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, params).await
        })
        .await
    }

    /// Runs a statement whose text is built at run time: it is planned for this call and not cached. Types must be
    /// given, because nothing is prepared.
    pub async fn query_typed(
        &self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, StoreError> {
        self.timed(sql, async |client: &Object| client.query_typed(sql, params).await).await
    }

    /// Runs a statement whose text is built at run time, with parameters whose types PostgreSQL infers; it is not
    /// cached.
    pub async fn query_once(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.timed(sql, async |client: &Object| {
            let statement = client.prepare(sql).await?;
            client.query(&statement, params).await
        })
        .await
    }

    /// Commits. Refused after a failed statement, since PostgreSQL would answer COMMIT by rolling back.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(StoreError::Aborted { transaction: self.name });
        }
        self.timed("-- commit", async |client: &Object| client.batch_execute("COMMIT").await).await?;
        self.report();
        drop(self.client.take());
        Ok(())
    }

    /// Executes this statement, whose text is built at run time, and commits unless it fails, in one round trip.
    /// PostgreSQL skips whatever follows a failed statement.
    pub async fn commit_if(mut self, sql: &str) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(StoreError::Aborted { transaction: self.name });
        }
        let both = format!("{sql};\nCOMMIT");
        self.timed(sql, async |client: &Object| client.batch_execute(&both).await).await?;
        self.report();
        drop(self.client.take());
        Ok(())
    }

    /// Executes one more statement and commits. Both are sent at once: if the statement fails, PostgreSQL answers the
    /// COMMIT by rolling back, and the statement's error is returned.
    pub async fn commit_with(mut self, sql: &str, params: Params<'_>) -> Result<(), StoreError> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(StoreError::Aborted { transaction: self.name });
        }
        self.timed(sql, async |client: &Object| {
            let statement = client.prepare_cached(sql).await?;
            let (executed, committed) =
                join(client.execute(&statement, params), client.batch_execute("COMMIT")).await;
            executed.and(committed)
        })
        .await?;
        self.report();
        drop(self.client.take());
        Ok(())
    }

    async fn timed<T>(
        &self,
        sql: &str,
        work: impl AsyncFnOnce(&Object) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        let Some(client) = self.client.as_ref() else {
            return Err(StoreError::Unavailable("the transaction has ended".to_owned()));
        };
        let started = Instant::now();
        self.running.store(true, Ordering::Relaxed);
        let result = work(client).await;
        self.running.store(false, Ordering::Relaxed);
        self.queries.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros_since(started), Ordering::Relaxed);
        result.map_err(|source| {
            self.failed.store(true, Ordering::Relaxed);
            StoreError::new(statement_name(sql), source)
        })
    }

    fn report(&self) {
        crate::telemetry::database_work(
            self.queries.load(Ordering::Relaxed),
            self.micros.load(Ordering::Relaxed),
        );
    }
}

async fn begin_reading(
    client: &Object,
    begin: &str,
    binding: Option<&Binding<'_>>,
    reading: Reading<'_>,
) -> Result<(Vec<Row>, Vec<Row>), tokio_postgres::Error> {
    let binding = match binding {
        Some(binding) => {
            // On an earlier connection it may have succeeded.
            binding.bound.store(false, Ordering::Relaxed);
            Some((binding, client.prepare_cached(binding.statement).await?))
        }
        None => None,
    };
    let statement = prepared(client, reading).await?;
    let bind = async {
        match &binding {
            Some((binding, statement)) => binding.run(client, statement).await,
            None => Ok(Vec::new()),
        }
    };
    // In this order, since each is sent when it is first polled. After one that fails, PostgreSQL refuses the others.
    let (begun, bound, rows) =
        join3(client.batch_execute(begin), bind, client.query(&statement, reading.1)).await;
    begun?;
    Ok((bound?, rows?))
}

async fn prepared(client: &Object, (sql, _, kept): Reading<'_>) -> Result<Statement, tokio_postgres::Error> {
    if kept { client.prepare_cached(sql).await } else { client.prepare(sql).await }
}

/// The elapsed time in microseconds.
pub(super) fn micros_since(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Returns a statement's name, which is its first line: `-- memory.insert`.
pub(super) fn statement_name(sql: &str) -> &str {
    sql.trim_start().lines().next().map_or("", |line| line.trim_start_matches('-').trim())
}

/// A statement that runs in a transaction of its own. If it is dropped while it runs, because the request was abandoned,
/// it is cancelled and the connection discarded.
pub(super) struct Alone {
    client: Option<Object>,
    tls: MakeRustlsConnect,
}

impl Alone {
    pub(super) fn new(client: Object, tls: MakeRustlsConnect) -> Self {
        Self { client: Some(client), tls }
    }

    /// Returns every row.
    pub(super) async fn query(self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        self.run(sql, async |client, statement| client.query(statement, params).await).await
    }

    /// Does the same, and sends a rehearsal behind it, whose answer nobody waits for.
    pub(super) async fn query_before(
        self,
        sql: &str,
        params: Params<'_>,
        rehearsal: &Rehearsal,
    ) -> Result<Vec<Row>, Failure> {
        self.run(sql, async |client, statement| {
            let Ok(next) = client.prepare_cached(&rehearsal.statement).await else {
                return client.query(statement, params).await;
            };
            let nothing = rehearsal.params();
            let (asked, rehearsed) =
                (pin!(client.query(statement, params)), pin!(client.query(&next, &nothing)));
            // In this order, since each is sent when it is first polled. Answers come in the same order.
            match select(asked, rehearsed).await {
                Either::Left((rows, _)) => rows,
                Either::Right((_, asked)) => asked.await,
            }
        })
        .await
    }

    /// Runs the statement once with each of these parameters, in one transaction, and returns every row of each. Few
    /// enough that they are polled in their order.
    pub(super) async fn query_each(
        self,
        sql: &str,
        each: &[Vec<&(dyn ToSql + Sync)>],
    ) -> Result<Vec<Vec<Row>>, Failure> {
        self.run(sql, async |client, statement| {
            let all = join_all(each.iter().map(|params| client.query(statement, params)));
            // In this order, since each is sent when it is first polled. After one that fails, PostgreSQL refuses the
            // others and answers COMMIT by rolling back.
            let (begun, answers, committed) =
                join3(client.batch_execute("BEGIN"), all, client.batch_execute("COMMIT")).await;
            begun?;
            let answers = answers.into_iter().collect::<Result<_, _>>()?;
            committed?;
            Ok(answers)
        })
        .await
    }

    /// The connection is discarded after an error, except after a serialization failure, which says nothing against it.
    async fn run<T>(
        mut self,
        sql: &str,
        work: impl AsyncFnOnce(&Object, &Statement) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Failure> {
        let Some(client) = &self.client else {
            unreachable!("a connection is only taken when it is no longer needed")
        };
        let answer = match client.prepare_cached(sql).await {
            Ok(statement) => work(client, &statement).await,
            Err(error) => Err(error),
        };
        let client = self.client.take();
        answer.map_err(|source| {
            let kept = client.as_ref().is_some_and(|client| Object::metrics(client).recycled.is_some());
            if source.code() != Some(&SqlState::T_R_SERIALIZATION_FAILURE) {
                client.map(Object::take);
            }
            (source, kept)
        })
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => cancel(&runtime, client, self.tls.clone()),
            Err(_) => drop(Object::take(client)),
        }
    }
}

/// Cancels what runs on a connection. The cancellation may arrive after the statement has ended, so nothing else may run
/// on the connection.
fn cancel(runtime: &tokio::runtime::Handle, client: Object, tls: MakeRustlsConnect) {
    let token = client.cancel_token();
    drop(Object::take(client));
    runtime.spawn(async move { token.cancel_query(tls).await });
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        self.report();
        // A connection must never return to the pool inside a transaction that is bound to a caller.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if self.running.load(Ordering::Relaxed) => {
                cancel(&runtime, client, self.tls.clone());
            }
            Ok(runtime) => {
                runtime.spawn(async move {
                    if client.batch_execute("ROLLBACK").await.is_err() {
                        drop(Object::take(client));
                    }
                });
            }
            Err(_) => drop(Object::take(client)),
        }
    }
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("name", &self.name).finish_non_exhaustive()
    }
}
