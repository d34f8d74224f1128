//! Recall against a reference that reads every memory and computes by the book: the same memories, the same scores, the
//! same order within ties.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::embedding::StaticEmbedder;

use crate::harness::{Actor, Client as _, TestApp, seeded};

/// Nouns that stemming leaves alone and no stop word is among.
const WORDS: [&str; 12] = [
    "tea", "violin", "budget", "rocket", "garden", "lisbon", "dragon", "silver", "train", "coffee", "window",
    "zebra",
];
const USERS: [Option<&str>; 3] = [None, Some("u1"), Some("u2")];
/// Halves have 11 significant bits, and 256 products of them are summed.
const TOLERANCE: f64 = 0.004;

#[derive(Debug, Clone)]
struct Fact {
    words: Vec<&'static str>,
    place: usize,
    user: Option<&'static str>,
    age_days: i64,
}

#[derive(Debug, Clone)]
struct Question {
    words: Vec<&'static str>,
    places: Vec<usize>,
    filter: Value,
    top_k: usize,
    threshold: f64,
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let fact = (subsequence(&WORDS[..], 1..5), 0..3usize, select(&USERS[..]), 0..400i64)
        .prop_map(|(words, place, user, age_days)| Fact { words, place, user, age_days });
    // The near-duplicate gate would skip what is there already.
    let key = |fact: &Fact| format!("{:?} {} {:?}", fact.words, fact.place, fact.user);
    proptest::collection::vec(fact, 0..50)
        .prop_map(move |facts| facts.into_iter().map(|fact| (key(&fact), fact)).collect::<BTreeMap<_, _>>())
        .prop_map(|facts| facts.into_values().collect())
}

fn questions() -> impl Strategy<Value = Vec<Question>> {
    let filter = select(vec![
        json!({}),
        json!({ "user_id": "u1" }),
        json!({ "NOT": { "user_id": "u1" } }),
        json!({ "OR": [{ "user_id": "u1" }, { "user_id": "u2" }] }),
        json!({ "keywords": { "contains": "tea" } }),
        json!({ "AND": [{ "user_id": "u2" }, { "keywords": { "contains": "rocket" } }] }),
    ]);
    let question = (
        subsequence(&WORDS[..], 1..4),
        subsequence(vec![0, 1, 2], 1..4),
        filter,
        select(vec![1usize, 3, 10, 100]),
        select(vec![0.0, 0.1, 0.5]),
    );
    let question = question.prop_map(|(words, places, filter, top_k, threshold)| Question {
        words,
        places,
        filter,
        top_k,
        threshold,
    });
    proptest::collection::vec(question, 6)
}

/// The share of the query's words, likeness of meaning, and age, as `memory::fusion` documents them.
fn reference_score(fact: &Fact, question: &Question) -> f64 {
    let embed = StaticEmbedder::new();
    let cosine = embed.embed_one(&fact.words.join(" ")).cosine(&embed.embed_one(&question.words.join(" ")));
    let shared = question.words.iter().filter(|word| fact.words.contains(word)).count();
    let lexical = shared as f64 / question.words.len() as f64;
    let recency = (-fact.age_days as f64 / 90.0).exp();
    (0.6 * f64::from(cosine.max(0.0)) + 0.4 * lexical) * (0.9 + 0.1 * recency)
}

fn accepted(fact: &Fact, filter: &Value) -> bool {
    let contains = |word: &str| fact.words.iter().any(|has| has.contains(word));
    match filter.to_string().as_str() {
        "{}" => true,
        r#"{"user_id":"u1"}"# => fact.user == Some("u1"),
        r#"{"NOT":{"user_id":"u1"}}"# => fact.user != Some("u1"),
        r#"{"OR":[{"user_id":"u1"},{"user_id":"u2"}]}"# => fact.user.is_some(),
        r#"{"keywords":{"contains":"tea"}}"# => contains("tea"),
        r#"{"AND":[{"user_id":"u2"},{"keywords":{"contains":"rocket"}}]}"# => {
            fact.user == Some("u2") && contains("rocket")
        }
        other => panic!("no reference for {other}"),
    }
}

#[test]
fn recall_is_what_reading_everything_would_find() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::new());
    let config = Config { cases: 24, failure_persistence: None, max_shrink_iters: 20, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, seeded());
    let outcome = runner.run(&(facts(), questions()), |(facts, questions)| {
        runtime.block_on(async {
            let (mia, places) = world(&app).await;
            remember(&app, &mia, &places, &facts).await;
            for question in &questions {
                agree(&mia, &places, &facts, question).await?;
            }
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    runtime.block_on(async { drop(app) });
}

/// A tenant of its own with a neighbour's memories in it; the places are the member's own scope, an organization and a
/// team below it.
async fn world(app: &TestApp) -> (Actor, Vec<String>) {
    let owner = app.owner("owner").await;
    let organization = owner.node(ScopeKind::Organization, "North").await;
    let team = owner.node_in(&organization, ScopeKind::Team, "Alpha").await;
    let mia = owner.colleague("mia", &organization, Role::Member).await;
    let noise = WORDS.map(|word| json!({ "role": "user", "content": word }));
    owner.post("/v3/memories/add/", json!({ "messages": noise, "infer": false })).await.ok();
    (mia, vec!["personal".to_owned(), organization.label(), team.label()])
}

async fn remember(app: &TestApp, mia: &Actor, places: &[String], facts: &[Fact]) {
    for fact in facts {
        let at = app.now() - chrono::TimeDelta::days(fact.age_days);
        let body = json!({
            "messages": [{ "role": "user", "content": fact.words.join(" ") }],
            "infer": false, "scope": places[fact.place], "user_id": fact.user, "timestamp": at.timestamp(),
        });
        let added = mia.post("/v3/memories/add/", body).await.ok();
        assert_eq!(added["results"][0]["event"], "ADD", "{fact:?}");
    }
}

async fn agree(
    mia: &Actor,
    places: &[String],
    facts: &[Fact],
    question: &Question,
) -> Result<(), TestCaseError> {
    let scope: Vec<&String> = question.places.iter().map(|place| &places[*place]).collect();
    let body = json!({
        "query": question.words.join(" "), "scope": scope, "filters": question.filter,
        "top_k": question.top_k, "threshold": question.threshold,
    });
    let found = mia.post("/v3/memories/search/", body).await.ok();
    let found: Vec<f64> =
        found["results"].as_array().unwrap().iter().map(|found| found["score"].as_f64().unwrap()).collect();
    let visible = |fact: &&Fact| scope.contains(&&places[fact.place]) && accepted(fact, &question.filter);
    let mut expected: Vec<f64> =
        facts.iter().filter(visible).map(|fact| reference_score(fact, question)).collect();
    expected.sort_by(|a, b| b.total_cmp(a));
    // Scores this close to the threshold may fall on either side.
    let sure =
        expected.iter().filter(|score| **score >= question.threshold + TOLERANCE).count().min(question.top_k);
    let possible =
        expected.iter().filter(|score| **score >= question.threshold - TOLERANCE).count().min(question.top_k);
    prop_assert!((sure..=possible).contains(&found.len()), "{question:?}: {found:?} is not {expected:?}");
    for (found, expected) in found.iter().zip(&expected) {
        prop_assert!((found - expected).abs() < TOLERANCE, "{question:?}: {found} is not {expected}");
    }
    Ok(())
}
