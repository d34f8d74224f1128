//! Searches that matched too many memories for each of them to be a candidate ([`super::store::few`]): for a while, the
//! next of the kind does not try again. Whether it tries makes it faster or slower, and nothing else.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::access::ReadableScope;
use crate::memory::filter::Filter;
use crate::recent::Recent;

/// How many kinds of search are known.
const ROOM: usize = 4_096;
/// For how long a kind counts as crowded: some of its memories may be forgotten meanwhile.
const LASTS: TimeDelta = TimeDelta::minutes(10);

/// A kind of search: its scopes, and whom or what its filter names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kind(u64);

impl Kind {
    /// Scopes have ids that no other enterprise has.
    pub(super) fn of(scopes: &[&ReadableScope], filter: &Filter) -> Self {
        let mut hasher = DefaultHasher::new();
        scopes.iter().for_each(|scope| scope.id.0.hash(&mut hasher));
        filter.entity_equalities().hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// The kinds known to this process. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Crowds(Arc<Mutex<Recent<Kind, DateTime<Utc>>>>);

impl Default for Crowds {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Recent::with_room(ROOM))))
    }
}

impl Crowds {
    /// Whether a search of this kind matched too many a while ago.
    pub(super) fn contain(&self, kind: Kind, now: DateTime<Utc>) -> bool {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&kind);
        noted.is_some_and(|noted| now - noted < LASTS)
    }

    /// Notes that one did.
    pub(super) fn note(&self, kind: Kind, now: DateTime<Utc>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(kind, now, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_search_is_crowded_for_a_while() {
        let crowds = Crowds::default();
        let now: DateTime<Utc> = "2026-11-30T12:00:00Z".parse().unwrap();
        let user = |name: &str| {
            let filter = serde_json::json!({ "user_id": name });
            Kind::of(&[], &Filter::parse(&filter).unwrap())
        };
        crowds.note(user("alice"), now);
        assert!(crowds.contain(user("alice"), now + TimeDelta::minutes(9)));
        assert!(!crowds.contain(user("alice"), now + TimeDelta::minutes(10)));
        assert!(!crowds.contain(user("bob"), now));
        assert!(!crowds.contain(Kind::of(&[], &Filter::everything()), now));
    }
}
