//! Searches that matched too many memories for each of them to be a candidate ([`super::store::few`]): for a while, the
//! next one like it does not try again. Both ways find the best; how much a word weighs differs a little.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::access::AuthContext;
use crate::memory::store::condition::Selection;
use crate::recent::Recent;

/// How many kinds of search are known.
const ROOM: usize = 4_096;
/// For how long a kind counts as crowded: some of its memories may be forgotten meanwhile.
const LASTS: TimeDelta = TimeDelta::minutes(10);

/// A kind of search: all that decides which memories match, also who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kind(u64);

impl Kind {
    pub(super) fn of(selection: &Selection<'_>, caller: &AuthContext) -> Self {
        Self::asked_by(selection, &(caller.user_id(), caller.ceiling()))
    }

    fn asked_by(selection: &Selection<'_>, who: &impl std::fmt::Debug) -> Self {
        let Selection { scopes, filter, latest_only, homes, expired } = selection;
        let mut hasher = DefaultHasher::new();
        // Scopes have ids that no other enterprise has.
        scopes.iter().for_each(|scope| scope.id.0.hash(&mut hasher));
        format!("{filter:?} {latest_only} {homes:?} {expired} {who:?}").hash(&mut hasher);
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
    use serde_json::json;

    use super::*;
    use crate::memory::filter::Filter;

    fn kind(filter: &serde_json::Value, latest_only: bool) -> Kind {
        let filter = Filter::parse(filter).unwrap();
        let selection = Selection { filter: &filter, latest_only, ..Selection::everything(&[]) };
        Kind::asked_by(&selection, &"somebody")
    }

    #[test]
    fn a_kind_of_search_is_crowded_for_a_while() {
        let crowds = Crowds::default();
        let now: DateTime<Utc> = "2026-11-30T12:00:00Z".parse().unwrap();
        let alice = json!({ "user_id": "alice" });
        crowds.note(kind(&alice, false), now);
        assert!(crowds.contain(kind(&alice, false), now + TimeDelta::minutes(9)));
        assert!(!crowds.contain(kind(&alice, false), now + TimeDelta::minutes(10)));
        for other in [
            json!({ "user_id": "bob" }),
            json!({ "AND": [alice.clone(), { "categories": { "contains": "a" } }] }),
            json!({}),
        ] {
            assert!(!crowds.contain(kind(&other, false), now), "{other}");
        }
        assert!(!crowds.contain(kind(&alice, true), now));
    }
}
