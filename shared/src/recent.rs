//! A cache of recently used values with a limited size.

use std::collections::HashMap;
use std::hash::Hash;

/// Recently used values by key, in two generations: those used since the last overflow, and those used before it.
/// Dropping the older generation removes the least recently used values without keeping a list. Holds up to twice its
/// capacity.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    young: HashMap<K, (V, usize)>,
    old: HashMap<K, (V, usize)>,
    /// The total weight of the young generation.
    held: usize,
    room: usize,
}

impl<K: Eq + Hash + Copy, V: Clone> Recent<K, V> {
    /// Creates a cache with a capacity in any unit of weight.
    pub(crate) fn with_room(room: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), held: 0, room }
    }

    /// Returns the value and marks it as used.
    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        if let Some((value, _)) = self.young.get(key) {
            return Some(value.clone());
        }
        let (value, weight) = self.old.remove(key)?;
        self.put(*key, value.clone(), weight);
        Some(value)
    }

    /// Stores a value, replacing any previous one.
    pub(crate) fn put(&mut self, key: K, value: V, weight: usize) {
        if self.held >= self.room {
            self.old = std::mem::take(&mut self.young);
            self.held = 0;
        }
        self.held += weight;
        if let Some((_, replaced)) = self.young.insert(key, (value, weight)) {
            self.held -= replaced;
        }
    }

    /// Removes a value.
    pub(crate) fn remove(&mut self, key: &K) {
        self.old.remove(key);
        if let Some((_, weight)) = self.young.remove(key) {
            self.held -= weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut recent = Recent::with_room(100);
        for number in 0..300 {
            recent.put(number, number, 1);
            assert_eq!(recent.get(&0), Some(0), "used {number} ago");
        }
        assert_eq!(recent.get(&1), None);
        assert!(recent.young.len() + recent.old.len() <= 202);
        assert_eq!(recent.held, recent.young.len());
    }

    #[test]
    fn a_value_is_replaced_and_forgotten_with_its_weight() {
        let mut recent = Recent::with_room(100);
        recent.put(1, "one", 10);
        recent.put(1, "two", 30);
        assert_eq!((recent.get(&1), recent.held), (Some("two"), 30));
        recent.remove(&1);
        assert_eq!((recent.get(&1), recent.held), (None, 0));
    }

    #[test]
    fn what_is_heavy_takes_more_room() {
        let mut recent = Recent::with_room(100);
        for number in 0..10 {
            recent.put(number, (), 50);
        }
        let there = (0..10).filter(|number| recent.get(number).is_some()).count();
        assert!((2..=4).contains(&there), "{there}");
    }
}
