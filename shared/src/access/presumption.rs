//! Callers whom this process let in a moment ago (`docs/adr/0027-known-callers.md`).
//!
//! Asking the database who a credential stands for takes a round trip of its own. For a caller whom the process knows,
//! it is enough to check in the request's own transaction that nothing of that answer has changed: the transaction
//! binds itself to the caller with `mem0.bind_known`, which raises a serialization failure if it has. The answer is then
//! forgotten and the request starts over (`http::again`), so that it is authenticated from the beginning.
//!
//! Until a transaction has bound itself like this, nobody knows whether the caller may still be let in. So nothing may be
//! answered before ([`AuthContext::is_proven`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::known::{Answers, Known, Who};
use super::{AuthContext, Proof};
use crate::db::StoreError;

/// Binds a transaction to a known caller, or fails.
pub(super) const BIND: &str = "-- access.bind_known
    SELECT mem0.bind_known($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS policy";

/// What a request presumes about its caller until a transaction confirms it.
#[derive(Debug)]
pub(super) struct Presumption {
    proof: Proof,
    known: Known,
    answers: Answers,
    confirmed: AtomicBool,
}

impl Presumption {
    pub(super) fn new(proof: Proof, known: Known, answers: Answers) -> Arc<Self> {
        Arc::new(Self { proof, known, answers, confirmed: AtomicBool::new(false) })
    }

    fn is_confirmed(&self) -> bool {
        self.confirmed.load(Ordering::Relaxed)
    }

    /// Takes note of how a transaction that binds itself to the caller began; `bound` says that it did so before it failed.
    fn judge<T>(&self, begun: Result<T, StoreError>, bound: bool) -> Result<T, StoreError> {
        match &begun {
            Ok(_) => self.confirmed.store(true, Ordering::Relaxed),
            Err(_) if bound => self.confirmed.store(true, Ordering::Relaxed),
            Err(StoreError::Serialization { .. }) => self.answers.forget(&self.proof),
            Err(_) => {}
        }
        begun
    }
}

impl AuthContext {
    /// Whether the caller's credential has been checked for this request. Before, nothing may be answered.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.presumption.as_ref().is_none_or(|presumption| presumption.is_confirmed())
    }

    /// The presumption that the next transaction must confirm.
    pub(super) fn presumed(&self) -> Option<&Presumption> {
        self.presumption.as_deref().filter(|presumption| !presumption.is_confirmed())
    }

    /// The parameters of [`BIND`], which other statements that bind themselves begin with, too; `None` for a caller who
    /// needs no further proof.
    pub(crate) fn known_binding(&self) -> Option<KnownBinding> {
        let presumption = self.presumed()?;
        let known = &presumption.known;
        let (key, session) = match &presumption.proof {
            Proof::ApiKey(hash) => (Some(hash.as_bytes().to_vec()), None),
            Proof::Session(session) => (None, Some(session.uuid())),
        };
        Some(KnownBinding {
            key,
            session,
            at: self.request.at,
            enterprise: self.enterprise.uuid(),
            person: self.user.uuid(),
            who: Arc::clone(&known.who),
            within: known.within.as_ref().map(|ids| ids.iter().map(|id| id.0).collect()),
            tree: known.tree,
            access: known.access,
            readable: format!("{{{}}}", self.printed_scopes()),
            ceiling: self.ceiling.as_str(),
        })
    }

    /// Takes note of how a statement that bound itself with [`Self::known_binding`] ended. What failed after the caller was
    /// confirmed (`bound`) is a failure of a confirmed caller's request, to be answered and not to be repeated.
    pub(crate) fn confirm<T>(&self, answered: Result<T, StoreError>, bound: bool) -> Result<T, StoreError> {
        match self.presumed() {
            Some(presumption) => presumption.judge(answered, bound),
            None => answered,
        }
    }
}

/// The parameters that `mem0.bind_known` takes.
pub(crate) struct KnownBinding {
    key: Option<Vec<u8>>,
    session: Option<Uuid>,
    at: DateTime<Utc>,
    enterprise: Uuid,
    person: Uuid,
    who: Arc<Who>,
    within: Option<Vec<i64>>,
    tree: Uuid,
    access: Uuid,
    readable: String,
    ceiling: &'static str,
}

impl KnownBinding {
    pub(crate) fn parameters(&self) -> [&(dyn ToSql + Sync); 15] {
        [
            &self.key,
            &self.session,
            &self.at,
            &self.enterprise,
            &self.person,
            &self.who.credential,
            &self.who.email,
            &self.who.kind,
            &self.who.verbs,
            &self.within,
            &self.who.ceiling,
            &self.tree,
            &self.access,
            &self.readable,
            &self.ceiling,
        ]
    }
}

/// The enterprise's policy for its audit log, as it was when the caller was authenticated, or when a transaction bound itself
/// to a known caller.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditPolicy(Vec<String>);

impl AuditPolicy {
    pub(super) fn from_rows(rows: &[Row]) -> Option<Self> {
        rows.first().map(Self::of)
    }

    pub(super) fn of(row: &Row) -> Self {
        Self(row.get("policy"))
    }

    /// Whether the rows of reads need not be on disk before the answer.
    pub(crate) fn is_buffered(&self) -> bool {
        self.0.first().is_some_and(|reads| reads == "buffered")
    }

    /// The chosen frameworks.
    pub(crate) fn frameworks(&self) -> &[String] {
        self.0.get(1..).unwrap_or_default()
    }
}
