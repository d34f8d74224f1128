//! What this process knows of the scopes of those who asked before.
//!
//! Every request asks the database whether the credential is still good, and whether what it stands for has changed
//! (`mem0.identify`). Only if it has, the scopes themselves are read again. So nothing here outlives its revocation, and
//! nothing here needs to be told of a change or to expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::Row;
use uuid::Uuid;

use super::SecretHash;
use super::scopes::Scopes;
use crate::db::StoreError;
use crate::ids::{ScopeId, SessionId};

/// How many scopes a generation holds before the one before it is forgotten: a few megabytes.
const MOST_SCOPES: usize = 20_000;

/// What somebody proves who they are with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Proof {
    ApiKey(SecretHash),
    Session(SessionId),
}

/// An answer of the database, and what it depended on.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) tree: Uuid,
    pub(super) access: Uuid,
    pub(super) within: Option<Vec<ScopeId>>,
    /// Whatever the account may read.
    pub(super) all: Arc<Scopes>,
    /// What is left of that for this credential.
    pub(super) scopes: Arc<Scopes>,
}

/// The answers. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers(Arc<Mutex<Generations>>);

/// What was used since the last time that it was too much, and what was used before: the least recently used go, without a
/// list to keep.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Proof, Known>,
    old: HashMap<Proof, Known>,
    /// How many scopes the young hold.
    held: usize,
}

impl Answers {
    pub(super) fn of(&self, proof: &Proof) -> Option<Known> {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = generations.young.get(proof) {
            return Some(known.clone());
        }
        let known = generations.old.remove(proof)?;
        generations.put(*proof, known.clone());
        Some(known)
    }

    /// What a row of `mem0.identify` says, made up by what was known where it says that nothing changed.
    pub(super) fn learn(&self, proof: Proof, before: Option<Known>, row: &Row) -> Result<Known, StoreError> {
        let within: Option<Vec<i64>> = row.get("within_scopes");
        let within: Option<Vec<ScopeId>> = within.map(|ids| ids.into_iter().map(ScopeId).collect());
        let all = match (Scopes::from_row(row)?, before) {
            (Some(scopes), _) => Arc::new(scopes.with_broad(&row.get::<_, Vec<i64>>("broad"))),
            (None, Some(before)) if before.within == within => return Ok(before),
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
        let known = Known { tree, access, within, all, scopes };
        self.keep(proof, known.clone());
        Ok(known)
    }

    fn keep(&self, proof: Proof, known: Known) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(proof, known);
    }

    pub(super) fn forget(&self, proof: &Proof) {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        generations.old.remove(proof);
        if let Some(known) = generations.young.remove(proof) {
            generations.held -= known.weight();
        }
    }
}

impl Generations {
    fn put(&mut self, proof: Proof, known: Known) {
        if self.held >= MOST_SCOPES {
            self.old = std::mem::take(&mut self.young);
            self.held = 0;
        }
        self.held += known.weight();
        if let Some(replaced) = self.young.insert(proof, known) {
            self.held -= replaced.weight();
        }
    }
}

impl Known {
    /// Scopes, and one more for everything around them.
    fn weight(&self) -> usize {
        1 + self.all.list().len() + if self.within.is_some() { self.scopes.list().len() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let scopes = Arc::new(Scopes::default());
        let (tree, access) = (Uuid::nil(), Uuid::nil());
        Known { tree, access, within: None, all: Arc::clone(&scopes), scopes }
    }

    fn proof(number: usize) -> Proof {
        Proof::ApiKey(SecretHash::of(&number.to_string()))
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let answers = Answers::default();
        for number in 0..3 * MOST_SCOPES {
            answers.keep(proof(number), known());
            assert!(answers.of(&proof(0)).is_some(), "used {number} ago");
        }
        assert!(answers.of(&proof(1)).is_none());
        let generations = answers.0.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * MOST_SCOPES + 2);
        assert_eq!(generations.held, generations.young.len());
    }

    #[test]
    fn an_answer_is_replaced_and_forgotten() {
        let answers = Answers::default();
        answers.keep(proof(1), known());
        answers.keep(proof(1), Known { within: Some(vec![ScopeId(7)]), ..known() });
        assert_eq!(answers.of(&proof(1)).unwrap().within, Some(vec![ScopeId(7)]));
        answers.forget(&proof(1));
        assert!(answers.of(&proof(1)).is_none());
        assert_eq!(answers.0.lock().unwrap().held, 0);
    }
}
