//! A cache of the scopes of earlier callers.
//!
//! Every request asks the database whether the credential is still valid, and whether the authority behind it has
//! changed (`mem0.admit`). Only if it has are the scopes themselves read again. So no entry outlives a revocation,
//! and the cache needs neither invalidation nor expiry.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use super::presumption::AuditPolicy;
use super::proof::Proof;
use super::scopes::Scopes;
use crate::db::StoreError;
use crate::ids::ScopeId;
use crate::recent::Recent;

/// The capacity in scopes, which takes a few megabytes.
const MOST_SCOPES: usize = 20_000;

/// For how long a caller is presumed to be who they were, without `mem0.admit`: it also notes once a minute that a
/// key is used.
const PRESUMED: TimeDelta = TimeDelta::seconds(10);

/// An answer from the database, and the versions it depends on.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) tree: Uuid,
    pub(super) access: Uuid,
    pub(super) within: Option<Vec<ScopeId>>,
    /// All scopes that the account may read.
    pub(super) all: Arc<Scopes>,
    /// Those of them that this credential reaches.
    pub(super) scopes: Arc<Scopes>,
    /// The rest of the answer.
    pub(super) who: Arc<Who>,
    /// What the enterprise asks of its log.
    pub(super) policy: AuditPolicy,
    /// When it was given.
    pub(super) asked: DateTime<Utc>,
}

/// The part of an answer that no version covers: a transaction that presumes it compares all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) enterprise: Uuid,
    pub(super) user: Uuid,
    pub(super) email: String,
    /// `person` or `service`.
    pub(super) kind: String,
    /// The key or the session.
    pub(super) credential: Uuid,
    /// What a key may be used for, as the database spells it.
    pub(super) verbs: Option<Vec<String>>,
    /// The highest class that a key may be used for.
    pub(super) ceiling: Option<String>,
}

impl Who {
    fn of(row: &Row) -> Self {
        Self {
            enterprise: row.get("enterprise_id"),
            user: row.get("user_id"),
            email: row.get("email"),
            kind: row.get("account_kind"),
            credential: row.get("credential_id"),
            verbs: row.get("verbs"),
            ceiling: row.get("ceiling"),
        }
    }
}

/// The cached answers. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Answers(Arc<Mutex<Recent<Proof, Known>>>);

impl Default for Answers {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Recent::with_room(MOST_SCOPES))))
    }
}

impl Answers {
    pub(super) fn of(&self, proof: &Proof) -> Option<Known> {
        self.recent().get(proof)
    }

    /// Builds an entry from a row of `mem0.admit`; where the row says that nothing changed, the previous entry is
    /// used.
    pub(super) fn learn(
        &self,
        proof: Proof,
        before: Option<Known>,
        row: &Row,
        asked: DateTime<Utc>,
    ) -> Result<Known, StoreError> {
        let (who, policy) = (Arc::new(Who::of(row)), AuditPolicy::of(row));
        let within: Option<Vec<i64>> = row.get("within_scopes");
        let within: Option<Vec<ScopeId>> = within.map(|ids| ids.into_iter().map(ScopeId).collect());
        let all = match (Scopes::from_row(row)?, before) {
            (Some(scopes), _) => {
                Arc::new(scopes.read_as(&row.get::<_, Vec<i64>>("broad"), &row.get::<_, Vec<i64>>("packed")))
            }
            (None, Some(before)) if before.within == within => {
                let known = Known { who, policy, asked, ..before };
                self.keep(proof, known.clone());
                return Ok(known);
            }
            (None, Some(before)) => before.all,
            (None, None) => {
                let problem = "nothing was known and nothing was told".to_owned();
                return Err(StoreError::Corrupt { table: "scopes", column: "id", problem });
            }
        };
        let scopes = match &within {
            Some(roots) => Arc::new(all.within(roots)),
            None => Arc::clone(&all),
        };
        let (tree, access) = (row.get("tree_epoch"), row.get("access_epoch"));
        let known = Known { tree, access, within, all, scopes, who, policy, asked };
        self.keep(proof, known.clone());
        Ok(known)
    }

    fn keep(&self, proof: Proof, known: Known) {
        let weight = known.weight();
        self.recent().put(proof, known, weight);
    }

    pub(super) fn forget(&self, proof: &Proof) {
        self.recent().remove(proof);
    }

    fn recent(&self) -> MutexGuard<'_, Recent<Proof, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether this may be presumed of a request at this time.
    pub(super) fn is_fresh(&self, at: DateTime<Utc>) -> bool {
        (TimeDelta::zero()..PRESUMED).contains(&(at - self.asked))
    }

    /// The number of scopes, plus one for the rest of the entry.
    fn weight(&self) -> usize {
        1 + self.all.list().len() + if self.within.is_some() { self.scopes.list().len() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SecretHash;

    fn known() -> Known {
        let scopes = Arc::new(Scopes::default());
        let (tree, access) = (Uuid::nil(), Uuid::nil());
        let who = Who {
            enterprise: Uuid::nil(),
            user: Uuid::nil(),
            email: String::new(),
            kind: "person".to_owned(),
            credential: Uuid::nil(),
            verbs: None,
            ceiling: None,
        };
        let (who, policy, asked) = (Arc::new(who), AuditPolicy::default(), DateTime::UNIX_EPOCH);
        Known { tree, access, within: None, all: Arc::clone(&scopes), scopes, who, policy, asked }
    }

    fn proof(number: usize) -> Proof {
        Proof::ApiKey(SecretHash::of(&number.to_string()))
    }

    #[test]
    fn an_answer_is_presumed_for_a_while_and_never_before_it_was_given() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let fresh = [-1, 0, 9, 10].map(|seconds| known().is_fresh(at(seconds)));
        assert_eq!(fresh, [false, true, true, false]);
    }

    #[test]
    fn an_answer_is_replaced_and_forgotten() {
        let answers = Answers::default();
        answers.keep(proof(1), known());
        answers.keep(proof(1), Known { within: Some(vec![ScopeId(7)]), ..known() });
        assert_eq!(answers.of(&proof(1)).unwrap().within, Some(vec![ScopeId(7)]));
        answers.forget(&proof(1));
        assert!(answers.of(&proof(1)).is_none());
    }
}
