//! Recall compared with a reference that reads every memory and computes from the definitions: the same memories, the
//! same parts of their scores. Only BM25 is taken from the answer, because it depends on statistics of the tenant.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::embedding::{StaticEmbedder, TokenId};

use crate::harness::{Actor, Client as _, TestApp, pack, seeded};

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
    // Fewer than come by their meaning alone: all of them are ranked, whatever `top_k` is.
    proptest::collection::vec(fact, 0..36)
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

/// What `memory::ranking` documents of a memory that was captured alone, for all that come into question.
fn reference(facts: &[&Fact], question: &Question) -> Vec<Reference> {
    let embed = StaticEmbedder::new();
    let query = embed.embed_one(&question.words.join(" "));
    let mut asked: Vec<TokenId> = embed.tokens(&question.words.join(" "));
    asked.sort();
    asked.dedup();
    let matched = |fact: &&&Fact| -> Vec<f64> {
        let tokens = embed.tokens(&fact.words.join(" "));
        let best = |token: &TokenId| {
            tokens.iter().map(|other| embed.similarity(*token, *other)).fold(0.0_f32, f32::max)
        };
        asked.iter().map(best).map(|best| if best > 0.35 { f64::from(best * best) } else { 0.0 }).collect()
    };
    let matches: Vec<Vec<f64>> = facts.iter().map(|fact| matched(&fact)).collect();
    let rarity = |token: usize| {
        let found = matches.iter().filter(|matched| matched[token] > 0.8).count() as f64;
        0.5 + (1.0 + (facts.len() as f64 - found + 0.5) / (found + 0.5)).ln()
    };
    let rarities: Vec<f64> = (0..asked.len()).map(rarity).collect();
    let one = |(fact, matched): (&&Fact, &Vec<f64>)| {
        let together: f64 = matched.iter().zip(&rarities).map(|(matched, rarity)| matched * rarity).sum();
        Reference {
            interaction: 10.0 / 15.0 * together / rarities.iter().sum::<f64>(),
            semantic: 4.0 / 15.0 * f64::from(embed.embed_one(&fact.words.join(" ")).cosine(&query).max(0.0)),
            recency: 0.1 * (-fact.age_days as f64 / 90.0).exp(),
        }
    };
    facts.iter().zip(&matches).map(one).collect()
}

/// Parts of a score; recency is a share of what the query's words come to.
struct Reference {
    interaction: f64,
    semantic: f64,
    recency: f64,
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
    let config = Config { cases: 10, failure_persistence: None, max_shrink_iters: 20, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, seeded());
    let outcome = runner.run(&(facts(), questions()), |(facts, questions)| {
        runtime.block_on(async {
            let (mia, places) = world(&app).await;
            remember(&app, &mia, &places, &facts).await;
            // Reads everything first, then compares with the vectors in blocks.
            for packed in [false, true] {
                if packed {
                    pack(app.database().superuser().await).await;
                }
                for question in &questions {
                    agree(&mia, &places, &facts, question).await?;
                }
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
    let ask = async |top_k: usize, threshold: f64| -> Vec<Value> {
        let body = json!({
            "query": question.words.join(" "), "scope": scope, "filters": question.filter,
            "top_k": top_k, "threshold": threshold, "explain": true,
        });
        let found = mia.post("/v3/memories/search/", body).await.ok();
        found["results"].as_array().unwrap().clone()
    };
    let visible = |fact: &&Fact| scope.contains(&&places[fact.place]) && accepted(fact, &question.filter);
    let facts: Vec<&Fact> = facts.iter().filter(visible).collect();
    let all = ask(1000, 0.0).await;
    prop_assert_eq!(all.len(), facts.len(), "{:?}", question);
    for (fact, expected) in facts.iter().zip(reference(&facts, question)) {
        let is_it = |found: &&Value| {
            found["memory"] == fact.words.join(" ")
                && found["user_id"] == json!(fact.user)
                && found["scope"] == places[fact.place].as_str()
        };
        let found = all.iter().find(is_it);
        prop_assert!(found.is_some(), "{question:?}: {fact:?} is missing");
        let found = found.unwrap();
        let part = |signal: &str| found["score_breakdown"][signal].as_f64().unwrap();
        let relevance = expected.interaction + expected.semantic + part("bm25");
        for (signal, expected) in [
            ("interaction", expected.interaction),
            ("semantic", expected.semantic),
            ("recency", relevance * expected.recency),
        ] {
            let found = part(signal);
            prop_assert!(
                (found - expected).abs() < TOLERANCE,
                "{question:?}, {fact:?}: {signal} {found}, {expected}"
            );
        }
        prop_assert!((0.0..=2.2 / 15.0).contains(&part("bm25")));
        prop_assert!((sum(found).clamp(0.0, 1.0) - found["score"].as_f64().unwrap()).abs() < TOLERANCE);
    }
    let asked = ask(question.top_k, question.threshold).await;
    prop_assert!(asked.is_sorted_by(|a, b| a["score"].as_f64() >= b["score"].as_f64()));
    // Repetitions are pushed down, not out. Scores this close to the threshold may fall on either side.
    let worth = |found: &Value| sum(found) - found["score_breakdown"]["repetition"].as_f64().unwrap();
    let above = |least: f64| all.iter().filter(|found| worth(found) >= least).count().min(question.top_k);
    let (sure, possible) = (above(question.threshold + TOLERANCE), above(question.threshold - TOLERANCE));
    prop_assert!((sure..=possible).contains(&asked.len()), "{question:?}: {} of {sure}", asked.len());
    prop_assert_eq!(
        asked.first().map(|found| &found["id"]),
        all.first().map(|found| &found["id"]).filter(|_| !asked.is_empty())
    );
    Ok(())
}

fn sum(found: &Value) -> f64 {
    found["score_breakdown"].as_object().unwrap().values().map(|part| part.as_f64().unwrap()).sum()
}
