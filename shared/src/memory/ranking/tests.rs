//! Tests of the whole ranking, and helpers for the tests of its parts.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::ids::{MemoryId, ScopeId, UserId};
use crate::memory::Labels;

fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// Returns a memory stored now.
pub(in crate::memory) fn memory(number: u128, text: &str) -> Memory {
    Memory {
        id: MemoryId(Uuid::from_u128(number)),
        author: UserId(Uuid::nil()),
        home: ScopeId(1),
        scopes: vec![ScopeId(1)],
        classification: crate::access::Classification::Internal,
        content: text.to_owned(),
        metadata: serde_json::Map::new(),
        categories: Vec::new(),
        labels: Labels::default(),
        lifecycle: Lifecycle::Active,
        replaced_by: None,
        occurred_at: None,
        expires_on: None,
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

/// Returns an item in a capture of its own, unknown to both arms.
pub(super) fn item(number: u128, text: &str) -> Item {
    Item {
        memory: memory(number, text),
        tokens: Tokens::of(text),
        similarity: 0.0,
        words: Some(0.0),
        capture: Uuid::from_u128(number),
        position: 0,
        opinion: 0.0,
    }
}

/// Returns items captured together, in this order.
fn conversation(texts: &[&str]) -> Vec<Item> {
    let items = texts.iter().enumerate().map(|(place, text)| {
        let position = i32::try_from(place).unwrap();
        Item { capture: Uuid::nil(), position, ..item(place as u128, text) }
    });
    items.collect()
}

fn ranked(text: &str, pool: Vec<Item>) -> Vec<Recalled> {
    rank(&Question { text, now: now(), threshold: 0.0, most: usize::MAX, weights: Weights::default() }, pool)
}

fn texts(recalled: &[Recalled]) -> Vec<&str> {
    recalled.iter().map(|recalled| recalled.memory.content.as_str()).collect()
}

fn numbers(recalled: &[Recalled]) -> Vec<u128> {
    recalled.iter().map(|recalled| recalled.memory.id.uuid().as_u128()).collect()
}

fn part(recalled: &[Recalled], number: u128, signal: Signal) -> f32 {
    let found = recalled.iter().find(|recalled| recalled.memory.id.uuid().as_u128() == number).unwrap();
    found.breakdown.get(signal)
}

#[test]
fn everything_at_its_best_is_one_and_nothing_is_nothing() {
    let best = Item { similarity: 1.0, words: Some(1.0), ..item(1, "green tea") };
    assert!(ranked("green tea", vec![best])[0].score > 0.99);
    for similarity in [0.0, -1.0, f32::NAN] {
        assert_eq!(ranked("green tea", vec![Item { similarity, ..item(1, "Bananas") }])[0].score, 0.0);
    }
}

#[test]
fn an_answer_is_explained_by_what_was_said_around_it() {
    let talk = conversation(&["Where will the offsite be?", "In Lisbon, by the sea", "Great"]);
    let alone = ranked("where is the offsite", vec![talk[1].clone()]);
    assert_eq!(part(&alone, 1, Signal::Interaction), 0.0);
    let together = ranked("where is the offsite", talk.clone());
    assert!(part(&together, 1, Signal::Interaction) > 0.3);
    assert!(part(&together, 1, Signal::Interaction) > part(&together, 2, Signal::Interaction));

    let mut apart = talk.clone();
    apart[1].capture = Uuid::from_u128(9);
    assert_eq!(part(&ranked("where is the offsite", apart), 1, Signal::Interaction), 0.0);
    let mut later = talk;
    later[0].memory.created_at -= TimeDelta::days(3);
    assert_eq!(part(&ranked("where is the offsite", later), 1, Signal::Interaction), 0.0, "after a pause");
}

#[test]
fn context_reaches_four_positions_and_fades() {
    let mut talk = conversation(&["The offsite", "a", "b", "c", "d", "e"]);
    talk.reverse();
    let found = ranked("offsite", talk);
    let parts: Vec<f32> = (0..6).map(|number| part(&found, number, Signal::Interaction)).collect();
    assert!(parts.is_sorted_by(|a, b| a >= b), "{parts:?}");
    assert!(parts[4] > 0.0 && parts[5] == 0.0, "{parts:?}");
}

#[test]
fn who_answers_a_question_gets_its_words() {
    let mut talk = conversation(&["Where will the offsite be?", "In Lisbon", "Fine"]);
    talk[0].words = Some(1.0);
    let found = ranked("where is the offsite", talk);
    assert!(part(&found, 1, Signal::Reply) > 0.0);
    assert_eq!(part(&found, 2, Signal::Reply), 0.0);
    assert!(part(&found, 0, Signal::Question) < 0.0 && part(&found, 1, Signal::Question) == 0.0);
}

#[test]
fn dates_and_time_words_lift_what_happened_then() {
    let mut pool =
        vec![item(1, "We met the bank"), item(2, "We met the bank there"), item(3, "We met at the bank")];
    pool[0].memory.occurred_at = "2026-11-11T09:00:00Z".parse().ok();
    pool[1].memory.occurred_at = "2026-05-11T09:00:00Z".parse().ok();
    let first = |query: &str| numbers(&ranked(query, pool.clone()))[0];
    assert_eq!(first("who met the bank in May?"), 2);
    assert_eq!(first("who met the bank last week?"), 1);
    assert_eq!(first("who met the bank today?"), 3);
    let found = ranked("who met the bank last week?", pool.clone());
    assert!(part(&found, 1, Signal::Time) > 0.0 && part(&found, 2, Signal::Time) == 0.0);
    let asked =
        ranked("when did we meet the bank?", vec![item(1, "We met the bank on Monday"), item(2, "the bank")]);
    assert!(part(&asked, 1, Signal::When) > 0.0 && part(&asked, 2, Signal::When) == 0.0);
}

#[test]
fn age_opinions_and_successors_decide_between_equals_only() {
    let pool = || vec![item(1, "Lunch is at noon"), item(2, "Lunch is at one o'clock"), item(3, "A banana")];
    let score = |pool: Vec<Item>| {
        let mut found = ranked("lunch", pool);
        found.sort_by_key(|recalled| recalled.memory.id);
        found.iter().map(|recalled| recalled.score).collect::<Vec<_>>()
    };
    let plain = score(pool());
    let mut old = pool();
    old[0].memory.created_at -= TimeDelta::days(400);
    assert!(score(old)[0] < plain[0]);
    let mut judged = pool();
    (judged[0].opinion, judged[1].opinion, judged[2].opinion) = (1.0, -5.0, 1.0);
    let judged = score(judged);
    assert!(judged[0] > plain[0] && judged[1] < plain[1] && judged[2] == plain[2], "{judged:?}");
    let mut superseded = pool();
    superseded[0].memory.lifecycle = Lifecycle::Superseded;
    let superseded = score(superseded);
    assert!(superseded[0] < plain[1] && superseded[0] > plain[2]);
}

#[test]
fn repetitions_come_after_what_they_repeat_and_leave_room_for_others() {
    let text = "The billing team owns the invoice service and its database";
    let pool =
        vec![item(1, text), item(2, text), item(3, text), item(4, "Invoices are sent by the billing team")];
    let found = ranked("who owns the invoice service", pool);
    assert_eq!(numbers(&found), [3, 4, 2, 1]);
    assert!(part(&found, 2, Signal::Repetition) < 0.0 && part(&found, 3, Signal::Repetition) == 0.0);
    let question = Question {
        text: "who owns the invoice service",
        now: now(),
        threshold: 0.3,
        most: usize::MAX,
        weights: Weights::default(),
    };
    let found = rank(&question, vec![item(1, text), item(2, text), item(3, "A banana")]);
    assert_eq!(numbers(&found), [2, 1], "a repetition stays above the threshold");
    assert!(found[1].score >= 0.3);
}

#[test]
fn equals_come_newest_first() {
    let same = |number| Item { similarity: 0.5, ..item(number, "🎉") };
    assert_eq!(numbers(&ranked("party", vec![same(1), same(3), same(2)])), [3, 2, 1]);
    assert_eq!(texts(&ranked("party", Vec::new())), [""; 0]);
}

#[test]
fn a_signal_can_be_left_out() {
    let pool = || vec![Item { similarity: 0.5, words: Some(0.5), ..item(1, "green tea") }];
    for signal in [Signal::Interaction, Signal::Semantic, Signal::Bm25, Signal::Recency] {
        let score = |weights| {
            rank(&Question { text: "tea", now: now(), threshold: 0.0, most: usize::MAX, weights }, pool())[0]
                .breakdown
        };
        assert!(score(Weights::default()).get(signal) > 0.0, "{signal:?}");
        assert_eq!(score(Weights::default().without(&[signal])).get(signal), 0.0, "{signal:?}");
        let only = score(Weights::default().only(&[signal]));
        assert!(only.parts().all(|(other, part)| other == signal || part == 0.0), "{signal:?}");
    }
}

#[test]
fn a_pool_of_everything_says_itself_how_rare_a_word_is() {
    let texts = ["The offsite is in Lisbon", "The offsite is in May", "The budget was met"];
    let pool = || texts.iter().zip(1..).map(|(text, number)| Item { words: None, ..item(number, text) });
    let found = ranked("offsite in Lisbon", pool().collect());
    let [both, one, none] = [1, 2, 3].map(|number| part(&found, number, Signal::Bm25));
    assert!(both > one && one > 0.0 && none == 0.0, "{both} {one} {none}");
    let longer = "The offsite is in Lisbon, by the sea, with a view of the bridge and the hills behind it";
    let longer = Item { words: None, ..item(9, longer) };
    let found = ranked("offsite in Lisbon", pool().chain([longer]).collect());
    let [short, long] = [1, 9].map(|number| part(&found, number, Signal::Bm25));
    assert!(short > long && long > 0.0, "{short} {long}");
    // Another form of a word is the word.
    assert!(part(&ranked("offsites", pool().collect()), 2, Signal::Bm25) > 0.0);
    assert_eq!(part(&ranked("bananas", pool().collect()), 1, Signal::Bm25), 0.0);
}

fn pools() -> impl Strategy<Value = Vec<Item>> {
    let text = "[Tt]?(tea|ada: |may|offsite| |lisbon|monday|[0-9]){0,8}[?.]?";
    let one =
        (text, -1.0..1.0f32, proptest::option::of(0.0..2.2f32), 0..3u128, 0..6i32, -2.0..2.0f32, 0..500i64);
    let one = one.prop_map(|(text, similarity, words, capture, position, opinion, age)| {
        let mut item = item(0, &text);
        item.memory.created_at -= TimeDelta::days(age);
        Item { similarity, words, capture: Uuid::from_u128(capture), position, opinion, ..item }
    });
    proptest::collection::vec(one, 0..20).prop_map(|mut pool| {
        for (number, item) in pool.iter_mut().enumerate() {
            item.memory.id = MemoryId(Uuid::from_u128(number as u128));
        }
        pool
    })
}

proptest! {
    #[test]
    fn every_memory_gets_one_score_that_is_the_sum_of_its_parts(query in ".{0,30}|(tea|when|last week|ada|May| ){1,6}", pool in pools()) {
        let found = ranked(&query, pool.clone());
        prop_assert_eq!(found.len(), pool.len());
        for recalled in &found {
            let sum: f32 = recalled.breakdown.parts().map(|(_, part)| part).sum();
            prop_assert!((0.0..=1.0).contains(&recalled.score));
            prop_assert!((sum.clamp(0.0, 1.0) - recalled.score).abs() < 1e-5);
        }
        prop_assert!(found.is_sorted_by(|a, b| a.score >= b.score));
    }

    #[test]
    fn the_order_of_the_pool_does_not_matter(pool in pools()) {
        let forwards = ranked("tea in May", pool.clone());
        let backwards = ranked("tea in May", pool.into_iter().rev().collect());
        prop_assert_eq!(forwards, backwards);
    }

    #[test]
    fn more_likeness_is_never_worse(similarity in -1.0..0.5f32, words in 0.0..1.0f32, more in 0.0..0.5f32) {
        let score = |similarity, words| {
            ranked("tea", vec![Item { similarity, words: Some(words), ..item(1, "tea") }])[0].score
        };
        prop_assert!(score(similarity + more, words) >= score(similarity, words));
        prop_assert!(score(similarity, words + more) >= score(similarity, words));
    }
}
