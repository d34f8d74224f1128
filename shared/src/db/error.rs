//! Database errors.

use tokio_postgres::error::SqlState;

/// An error below the domain. Becomes `Error::Unavailable` or `Error::Internal`, unless a store first translates a
/// constraint violation that it expects into a meaning of its own.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is full, is starting or shutting down, or took too long.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// A setting for the database's location or for trust is not valid.
    #[error(transparent)]
    Configuration(crate::config::ConfigError),
    /// The schema, or something it depends on, is missing or older than this code needs.
    #[error("{0}")]
    Schema(String),
    /// Like `Unavailable`, but during a statement.
    #[error("database unavailable in {statement}")]
    Interrupted {
        /// The statement's name, its first comment line.
        statement: String,
        /// What PostgreSQL or the connection said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A unique or foreign key refused the change.
    #[error("constraint {constraint} violated in {statement}")]
    Constraint {
        /// The constraint's name, as the schema declares it.
        constraint: String,
        /// The statement's name.
        statement: String,
        /// What PostgreSQL said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The transaction lost against another one and may be retried.
    #[error("serialization failure in {statement}")]
    Serialization {
        /// The statement's name.
        statement: String,
        /// What PostgreSQL said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A commit was attempted after a statement had failed.
    #[error("transaction {transaction} was to be committed after a failed statement")]
    Aborted {
        /// The transaction's name.
        transaction: &'static str,
    },
    /// A transaction was attempted on behalf of a user who is only simulated.
    #[error("transaction {transaction} was to begin in a simulation")]
    Simulated {
        /// The transaction's name.
        transaction: &'static str,
    },
    /// A prepared statement is not there, or is there already: the session is not the one that it was prepared in.
    #[error(
        "in {statement}: a pooler in front of the database changes sessions between transactions, which breaks \
         prepared statements (PgBouncer: set pool_mode to session)"
    )]
    Pooled {
        /// The statement's name.
        statement: String,
        /// What PostgreSQL said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A row holds a value that is not valid.
    #[error("corrupt row in {table}.{column}: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Anything else: a mistake in a statement or in the schema.
    #[error("database error in {statement}")]
    Query {
        /// The statement's name, its first comment line.
        statement: String,
        /// What PostgreSQL said.
        #[source]
        source: tokio_postgres::Error,
    },
}

impl StoreError {
    pub(crate) fn new(statement: &str, source: tokio_postgres::Error) -> Self {
        let statement = statement.to_owned();
        let Some(error) = source.as_db_error() else {
            // There was no answer from the server: the connection is gone, or a value did not fit its column.
            let gone = source.is_closed()
                || std::error::Error::source(&source).is_some_and(|s| s.is::<std::io::Error>());
            return if gone {
                Self::Interrupted { statement, source }
            } else {
                Self::Query { statement, source }
            };
        };
        let code = error.code();
        if *code == SqlState::UNIQUE_VIOLATION || *code == SqlState::FOREIGN_KEY_VIOLATION {
            let constraint = error.constraint().unwrap_or_default().to_owned();
            return Self::Constraint { constraint, statement, source };
        }
        if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
            return Self::Serialization { statement, source };
        }
        if is_of_another_session(code) {
            return Self::Pooled { statement, source };
        }
        // Class 08 connection, 53 resources, 57 operator intervention (shutdown, crash, cancelled by timeout).
        if matches!(&code.code()[..2], "08" | "53" | "57") {
            return Self::Interrupted { statement, source };
        }
        Self::Query { statement, source }
    }

    /// Whether trying again at once would hardly help: there was no connection, or a statement took too long.
    pub(super) fn is_lasting(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Interrupted { source, .. } => source.code() == Some(&SqlState::QUERY_CANCELED),
            _ => false,
        }
    }

    /// Whether this is a violation of the named constraint.
    #[must_use]
    pub fn violates(&self, name: &str) -> bool {
        matches!(self, Self::Constraint { constraint, .. } if constraint == name)
    }
}

/// Whether a prepared statement belongs to another session.
fn is_of_another_session(code: &SqlState) -> bool {
    [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT].contains(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What PgBouncer 1.18 leads to with `pool_mode = transaction`.
    #[test]
    fn statements_of_other_sessions_are_told_from_mistakes() {
        for code in ["26000", "42P05"] {
            assert!(is_of_another_session(&SqlState::from_code(code)), "{code}");
        }
        for code in ["42601", "34000", "25P02"] {
            assert!(!is_of_another_session(&SqlState::from_code(code)), "{code}");
        }
    }
}
