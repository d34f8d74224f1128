//! When keys are created and retired: a computation on their times, without I/O.

use chrono::{DateTime, TimeDelta, Utc};

use super::SigningKey;
use super::key::ACCESS_TOKEN_LIFETIME;

/// How long a key is used for signing.
const PERIOD: TimeDelta = TimeDelta::days(30);

/// The minimum time for which the next key is published before it signs. Verifiers may cache keys for an hour.
const AHEAD: TimeDelta = TimeDelta::days(2);

/// The maximum difference between the clocks of processes.
const SKEW: TimeDelta = TimeDelta::hours(1);

/// The pending changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The times from which new keys sign.
    pub(super) create: Vec<DateTime<Utc>>,
    /// Keys whose last token has expired.
    pub(super) retire: Vec<String>,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.create.is_empty() && self.retire.is_empty()
    }
}

/// Returns the key that signs at this time, and the one after it. Keys must be in order, oldest first.
pub(super) fn current(keys: &[SigningKey], now: DateTime<Utc>) -> Option<(&SigningKey, Option<&SigningKey>)> {
    let index = keys.iter().rposition(|key| key.active_from <= now)?;
    Some((&keys[index], keys.get(index + 1)))
}

/// Determines what has to be done so that a key is active, the next one is published, and no outdated ones remain.
pub(super) fn plan(keys: &[SigningKey], now: DateTime<Utc>) -> Plan {
    let mut plan = Plan::default();
    let since = match current(keys, now) {
        Some((current, _)) => current.active_from,
        None => {
            plan.create.push(now);
            now
        }
    };
    if keys.last().is_none_or(|last| last.active_from <= now) {
        plan.create.push((since + PERIOD).max(now + AHEAD));
    }
    let superseded = keys.iter().zip(keys.iter().skip(1));
    plan.retire = superseded
        .filter(|(_, successor)| successor.active_from + ACCESS_TOKEN_LIFETIME + SKEW <= now)
        .map(|(key, _)| key.id.clone())
        .collect();
    plan
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn carry_out(keys: &mut Vec<SigningKey>, now: DateTime<Utc>) {
        let plan = plan(keys, now);
        keys.extend(plan.create.iter().map(|from| SigningKey::generate(*from).unwrap()));
        keys.retain(|key| !plan.retire.contains(&key.id));
    }

    #[test]
    fn the_first_key_signs_at_once_and_the_next_is_published_with_it() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(plan(&[], now).create, [now, now + PERIOD]);
    }

    #[test]
    fn a_key_stays_until_its_last_token_has_expired() {
        let start = DateTime::UNIX_EPOCH;
        let mut keys = Vec::new();
        carry_out(&mut keys, start);
        let (first, second) = (keys[0].id.clone(), keys[1].id.clone());
        carry_out(&mut keys, start + PERIOD);
        assert_eq!(keys.len(), 3);
        assert_eq!(current(&keys, start + PERIOD).unwrap().0.id, second);
        carry_out(&mut keys, start + PERIOD + ACCESS_TOKEN_LIFETIME);
        assert_eq!(keys[0].id, first);
        carry_out(&mut keys, start + PERIOD + ACCESS_TOKEN_LIFETIME + SKEW);
        assert_eq!(keys[0].id, second);
    }

    proptest! {
        #[test]
        fn whenever_somebody_comes_there_is_a_key_that_was_published(
            pauses in proptest::collection::vec(0..100 * 86_400i64, 1..30),
        ) {
            let (mut now, mut keys, mut first) = (DateTime::UNIX_EPOCH, Vec::new(), None);
            let mut published = std::collections::HashMap::new();
            for pause in pauses {
                now += TimeDelta::seconds(pause);
                let first = *first.get_or_insert(now);
                carry_out(&mut keys, now);
                prop_assert!(plan(&keys, now).is_empty());
                prop_assert!(keys.is_sorted_by_key(|key| key.active_from));
                let (current, next) = current(&keys, now).unwrap();
                prop_assert!(next.is_some());
                prop_assert!(keys.len() <= 3);
                for key in &keys {
                    published.entry(key.id.clone()).or_insert(now);
                }
                // All keys but the very first have been published for a while before they sign.
                if current.active_from > first {
                    prop_assert!(current.active_from - published[&current.id] >= AHEAD);
                }
            }
        }
    }
}
