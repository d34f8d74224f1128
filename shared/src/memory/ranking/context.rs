//! Context: the memories captured around a memory explain it.
//!
//! "Yes, on Friday" answers the question before it with none of its words. So a token of the query may also match a
//! neighbour's token, at a discount that grows with the distance. The best match counts, not the sum: repeating a word
//! explains nothing more.

use chrono::TimeDelta;

use super::interaction::Match;
use super::{Item, Weights};

/// After a longer pause, a conversation counts as a new one.
const PAUSE: TimeDelta = TimeDelta::hours(24);

/// The discount for a match by the number of positions before the memory, and after it.
const BEFORE: [f32; Weights::REACH as usize] = [0.7, 0.5, 0.35, 0.25];
const BEHIND: [f32; Weights::REACH as usize] = [0.6, 0.4, 0.3, 0.2];

/// The neighbours of each item in the pool.
pub(super) struct Neighbours {
    /// Pool indices, ordered by capture and position.
    order: Vec<usize>,
    /// The index in `order` of each item.
    places: Vec<usize>,
}

impl Neighbours {
    pub(super) fn of(pool: &[Item]) -> Self {
        let mut order: Vec<usize> = (0..pool.len()).collect();
        order.sort_unstable_by_key(|&index| {
            (pool[index].capture, pool[index].position, pool[index].memory.id)
        });
        let mut places = vec![0; pool.len()];
        for (place, &index) in order.iter().enumerate() {
            places[index] = place;
        }
        Self { order, places }
    }

    /// Iterates over the neighbours of an item within `reach`, with their position relative to it.
    pub(super) fn near(&self, pool: &[Item], index: usize, reach: i32) -> impl Iterator<Item = (usize, i32)> {
        let item = &pool[index];
        let distance = move |other: usize| {
            let other = &pool[other];
            let distance = i64::from(other.position) - i64::from(item.position);
            let together = other.capture == item.capture && distance.abs() <= i64::from(reach);
            together.then_some(distance as i32)
        };
        let place = self.places[index];
        let before =
            self.order[..place].iter().rev().map_while(move |&other| Some((other, distance(other)?)));
        let behind = self.order[place + 1..].iter().map_while(move |&other| Some((other, distance(other)?)));
        before.chain(behind).filter(move |(other, distance)| {
            *distance != 0 && (pool[*other].memory.at() - item.memory.at()).abs() <= PAUSE
        })
    }

    /// Returns the memory right before this one.
    pub(super) fn previous(&self, pool: &[Item], index: usize) -> Option<usize> {
        self.near(pool, index, 1).find(|(_, distance)| *distance == -1).map(|(other, _)| other)
    }
}

/// Combines a memory's match with those of its neighbours.
pub(super) fn in_context(
    pool: &[Item],
    matches: &[Match],
    neighbours: &Neighbours,
    index: usize,
    reach: i32,
) -> Match {
    let mut best = matches[index].clone();
    for (other, distance) in neighbours.near(pool, index, reach) {
        let worth = if distance < 0 { BEFORE } else { BEHIND };
        let Some(worth) = worth.get(distance.unsigned_abs() as usize - 1) else { continue };
        for (best, new) in best.iter_mut().zip(&matches[other]) {
            *best = best.max(worth * new);
        }
    }
    best
}
