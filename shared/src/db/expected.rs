//! What a process expects its first requests to ask: prepared with each new connection, and one statement rehearsed.
//!
//! A new PostgreSQL session reads the catalogue and plans when it first runs a statement. While a process reads who its
//! first caller is and works out what to ask next, the session has nothing to do. So the statement that follows is sent
//! behind the one that authenticates, with parameters for which it finds nothing, and nobody waits for its answer
//! (`docs/adr/0029-few-memories.md`).

use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::types::ToSql;

use super::Parameter;

/// The statements that a process expects.
#[derive(Default)]
pub struct Expected {
    pub(super) statements: Vec<String>,
    pub(super) rehearsal: Option<Rehearsal>,
}

impl Expected {
    /// Statements that are likely to be needed soon.
    #[must_use]
    pub fn new(statements: Vec<String>) -> Self {
        Self { statements, rehearsal: None }
    }

    /// Expects another one, which reads and does nothing else, right after the first: with these parameters it finds
    /// nothing.
    #[must_use]
    pub(crate) fn rehearsing(mut self, statement: String, params: Vec<Parameter>) -> Self {
        self.statements.push(statement.clone());
        self.rehearsal = Some(Rehearsal { statement, params, done: AtomicBool::new(false) });
        self
    }
}

/// A statement to run once for what the session learns from it.
pub(super) struct Rehearsal {
    pub(super) statement: String,
    params: Vec<Parameter>,
    done: AtomicBool,
}

impl Rehearsal {
    /// Returns whether it is still to be done; from then on it is not.
    pub(super) fn begin(&self) -> bool {
        !self.done.swap(true, Ordering::Relaxed)
    }

    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.params.iter().map(|param| &**param as _).collect()
    }
}
