//! A statement that many requests run at the same time, in as few transactions as possible (`docs/adr/0028-shared-reads.md`).
//!
//! Up to [`LANES`] statements of a group run at once, each alone in its transaction. Whatever comes meanwhile waits until
//! one of them has ended, and then as many as wait run in a single transaction: PostgreSQL gets BEGIN, the statements and
//! COMMIT in one packet, and flushes its log once. So nothing waits for others to come, and the more there is to do, the
//! less each statement costs.
//!
//! A transaction fails as a whole. Then each statement that was in it runs again, alone, with a result of its own. If there
//! was no connection, or the statements took too long, that would hardly help, and each gets the error instead.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::future::{Either, join_all, select};
use tokio::sync::oneshot;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::tx::{micros_since, statement_name};
use super::{Database, StoreError};

/// How many transactions of a group run at once, so that a slow one does not keep the others waiting.
const LANES: usize = 2;

/// How many statements share a transaction at most. They are sent in their order because `join_all` polls so few in order.
const MOST: usize = 16;

/// The parameters of one request's statement.
pub(crate) trait Parameters: Send + Sync + 'static {
    /// In the statement's order.
    fn parameters(&self) -> Vec<&(dyn ToSql + Sync)>;
}

/// A statement that is safe to repeat. Cheap to clone; clones share their transactions.
pub(crate) struct Together<P> {
    sql: &'static str,
    groups: Arc<Mutex<HashMap<Uuid, Group<P>>>>,
}

struct Group<P> {
    running: usize,
    waiting: Vec<Waiting<P>>,
}

struct Waiting<P> {
    parameters: P,
    /// Dropped without an answer, it tells the request to run its statement alone.
    answer: oneshot::Sender<Result<Vec<Row>, StoreError>>,
}

enum Turn<P: Parameters> {
    Now(Lane<P>, P),
    Later(oneshot::Receiver<Result<Vec<Row>, StoreError>>),
}

impl<P: Parameters> Together<P> {
    pub(crate) fn new(sql: &'static str) -> Self {
        Self { sql, groups: Arc::default() }
    }

    /// Returns the rows of the statement. Only statements of the same group share a transaction. `parameters` makes them
    /// anew if the statement has to be repeated.
    pub(crate) async fn query(
        &self,
        db: &Database,
        group: Uuid,
        parameters: impl Fn() -> P,
    ) -> Result<Vec<Row>, StoreError> {
        let started = Instant::now();
        let turn = self.enter(db, group, parameters());
        let (lane, own) = match turn {
            Turn::Now(lane, own) => (Some(lane), own),
            Turn::Later(answer) => match answer.await {
                Ok(rows) => {
                    crate::telemetry::database_work(1, micros_since(started));
                    return rows;
                }
                Err(_) => (None, parameters()),
            },
        };
        let rows = db.query_alone(statement_name(self.sql), self.sql, &own.parameters()).await;
        drop(lane);
        rows
    }

    fn enter(&self, db: &Database, group: Uuid, parameters: P) -> Turn<P> {
        let mut groups = self.groups();
        let here = groups.entry(group).or_insert_with(|| Group { running: 0, waiting: Vec::new() });
        if here.running < LANES {
            here.running += 1;
            return Turn::Now(Lane { together: self.clone(), db: db.clone(), group }, parameters);
        }
        let (answer, answered) = oneshot::channel();
        here.waiting.push(Waiting { parameters, answer });
        Turn::Later(answered)
    }

    fn groups(&self) -> MutexGuard<'_, HashMap<Uuid, Group<P>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P> Clone for Together<P> {
    fn clone(&self) -> Self {
        Self { sql: self.sql, groups: Arc::clone(&self.groups) }
    }
}

/// The right to run a transaction of a group. Whoever drops it passes it on to those who wait.
struct Lane<P: Parameters> {
    together: Together<P>,
    db: Database,
    group: Uuid,
}

impl<P: Parameters> Lane<P> {
    async fn run(self, batch: Vec<Waiting<P>>) {
        let (all, mut requests): (Vec<P>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.parameters, waiting.answer)).unzip();
        let answers = {
            let each: Vec<_> = all.iter().map(P::parameters).collect();
            let running = pin!(self.db.query_each(self.together.sql, &each));
            // Once every request has been given up, so is the transaction.
            let given_up = pin!(join_all(requests.iter_mut().map(oneshot::Sender::closed)));
            match select(running, given_up).await {
                Either::Left((answers, _)) => answers,
                Either::Right(_) => return,
            }
        };
        // A request may have been given up.
        match answers {
            Ok(answers) => {
                for (request, rows) in requests.into_iter().zip(answers) {
                    let _ = request.send(Ok(rows));
                }
            }
            Err(error) if error.is_lasting() => {
                for request in requests {
                    let _ = request.send(Err(StoreError::Unavailable(error.to_string())));
                }
            }
            Err(_) => {}
        }
    }
}

impl<P: Parameters> Drop for Lane<P> {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current();
        let mut groups = self.together.groups();
        let Some(here) = groups.get_mut(&self.group) else { return };
        here.waiting.retain(|waiting| !waiting.answer.is_closed());
        if let (Ok(runtime), false) = (runtime, here.waiting.is_empty()) {
            let some = here.waiting.len().min(MOST);
            let batch = here.waiting.drain(..some).collect();
            // A runtime that is shutting down drops what it should run, and so this lane, at once.
            drop(groups);
            let lane = Self { together: self.together.clone(), db: self.db.clone(), group: self.group };
            runtime.spawn(lane.run(batch));
            return;
        }
        here.running -= 1;
        if here.running == 0 {
            groups.remove(&self.group);
        }
    }
}
