//! A change of the model: searches stay correct while the vectors are recomputed.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use shared::memory::{Backlog, Progress};

use super::openai_of;
use super::peer::{Peer, Reply};
use crate::harness::{Actor, Client as _, TestApp};

/// What a vector adds to a score when it is almost the query's: 4/15 where they are the same.
const SAME: f64 = 0.25;

async fn add(actor: &Actor, texts: &[String]) {
    for texts in texts.chunks(50) {
        let messages: Vec<Value> =
            texts.iter().map(|text| json!({ "role": "user", "content": text })).collect();
        actor.post("/v3/memories/add/", json!({ "messages": messages, "infer": false })).await.ok();
    }
}

async fn found(actor: &Actor, query: &str) -> Vec<(String, f64)> {
    let body = json!({ "query": query, "explain": true, "threshold": 0.25 });
    let answer = actor.post("/v3/memories/search/", body).await.ok();
    let semantic = |found: &Value| found["score_breakdown"]["semantic"].as_f64().unwrap();
    let results = answer["results"].as_array().unwrap().iter();
    results.map(|found| (found["memory"].as_str().unwrap().to_owned(), semantic(found))).collect()
}

/// What a search says of how it was done.
async fn degraded(actor: &Actor, query: &str) -> Option<String> {
    let answer = actor.post("/v3/memories/search/", json!({ "query": query })).await.ok();
    assert_eq!(answer.get("degraded").is_some(), answer.get("degraded_reason").is_some(), "{answer}");
    answer.get("degraded_reason").map(|reason| reason.as_str().unwrap().to_owned())
}

async fn progress(app: &TestApp) -> Progress {
    Progress::read(app.gate(), &**app.embedder()).await.unwrap()
}

#[tokio::test]
async fn vectors_of_different_models_are_never_compared() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "plain")).await;
    let alice = app.owner("alice").await;
    add(&alice, &["rocket".to_owned()]).await;
    // In the space of the new model, the vector of tea is what the old one stored for rockets.
    let app = app.with_other_embedder(openai_of(&peer, "swapped"));
    let alice = alice.at(&app);
    assert_eq!(found(&alice, "tea").await, []);
    assert_eq!(found(&alice, "rocket").await, [("rocket".to_owned(), 0.0)], "by its word");
    for query in ["rocket", "tea"] {
        let reason = degraded(&alice, query).await.unwrap();
        assert!(reason.starts_with("some memories have no vector of the embedding model yet"), "{reason}");
    }
    assert_eq!(degraded(&app.owner("bob").await, "tea").await, None, "there is nothing");
    let entity = json!({ "query": "tea", "filters": { "NOT": { "user_id": "bob" } } });
    assert_eq!(alice.post("/v3/memories/search/", entity).await.ok()["results"], json!([]));
    // Neither does the gate compare them: it would find the two far apart, or here, the same.
    add(&alice, &["The tea".to_owned()]).await;
    assert_eq!(progress(&app).await, Progress { done: 1, stale: 1, ..Progress::default() });

    let step = Backlog::step(app.gate(), &**app.embedder()).await.unwrap();
    assert_eq!(step, Backlog { claimed: 1, embedded: 1, ..Backlog::default() });
    assert_eq!(progress(&app).await, Progress { done: 2, ..Progress::default() });
    assert_eq!(degraded(&alice, "rocket").await, None);
    let [(text, semantic)] = &found(&alice, "rocket").await[..] else { panic!("one") };
    assert_eq!((text.as_str(), *semantic > SAME), ("rocket", true));
}

#[tokio::test]
async fn broad_scopes_keep_to_one_model_too() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "plain")).await;
    let alice = app.owner("alice").await;
    let broad = "UPDATE scopes SET search_tier = 'broad' WHERE id = $1";
    app.database().superuser().await.execute(broad, &[&alice.scope.0]).await.unwrap();
    add(&alice, &["rocket".to_owned(), "window".to_owned()]).await;
    let app = app.with_other_embedder(openai_of(&peer, "swapped"));
    let alice = alice.at(&app);
    assert_eq!(found(&alice, "tea").await, []);
    Backlog::step(app.gate(), &**app.embedder()).await.unwrap();
    let best = &found(&alice, "rocket").await[0];
    assert_eq!((best.0.as_str(), best.1 > SAME), ("rocket", true));
}

#[tokio::test]
async fn all_is_done_in_steps_and_by_several_workers_without_doing_anything_twice() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "plain")).await;
    let (alice, bob) = (app.owner("alice").await, app.owner("bob").await);
    let texts =
        |name: &str| -> Vec<String> { (0..200).map(|number| format!("{name} invoice {number}")).collect() };
    add(&alice, &texts("walrus")).await;
    add(&bob, &texts("ocelot")).await;
    let app = app.with_other_embedder(openai_of(&peer, "swapped"));
    peer.seen();

    let first = Backlog::step(app.gate(), &**app.embedder()).await.unwrap();
    assert_eq!(first, Backlog { claimed: 128, embedded: 128, ..Backlog::default() });
    assert_eq!(progress(&app).await, Progress { done: 128, stale: 272, ..Progress::default() });
    let step = || Backlog::step(app.gate(), &**app.embedder());
    let (a, b, c) = tokio::join!(step(), step(), step());
    let together = [a, b, c].map(|step| step.unwrap().embedded).iter().sum::<usize>();
    let mut rest = 0;
    loop {
        let step = step().await.unwrap();
        rest += step.embedded;
        if step.claimed == 0 {
            break;
        }
    }
    assert_eq!(128 + together + rest, 400);
    assert_eq!(progress(&app).await, Progress { done: 400, ..Progress::default() });
    let asked: Vec<String> = peer.seen().iter().flat_map(|seen| seen.texts()).collect();
    assert_eq!(asked.len(), 400);
    assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), 400);
}

#[tokio::test]
async fn a_worker_that_dies_leaves_its_work_to_the_next() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "plain")).await;
    let alice = app.owner("alice").await;
    add(&alice, &["rocket".to_owned(), "window".to_owned()]).await;
    let app = app.with_other_embedder(openai_of(&peer, "swapped"));
    peer.next([Reply::After(Duration::from_secs(30))]);
    let killed =
        tokio::time::timeout(Duration::from_millis(500), Backlog::step(app.gate(), &**app.embedder()));
    assert!(killed.await.is_err());
    assert_eq!(progress(&app).await, Progress { stale: 2, ..Progress::default() });
    let step = async || Backlog::step(app.gate(), &**app.embedder()).await.unwrap().embedded;
    assert_eq!(step().await, 0, "the dead one may still be alive");
    app.advance(chrono::TimeDelta::minutes(3));
    assert_eq!(step().await, 2);
}

#[tokio::test]
async fn what_changes_while_its_vector_is_made_gets_the_vector_of_what_it_became() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "plain")).await;
    let alice = app.owner("alice").await;
    add(&alice, &["rocket".to_owned()]).await;
    let app = app.with_other_embedder(openai_of(&peer, "swapped"));
    let alice = alice.at(&app);
    let all = alice.post("/v3/memories/", json!({})).await.ok();
    let id = all["results"][0]["id"].as_str().unwrap().to_owned();
    peer.next([Reply::After(Duration::from_millis(700))]);
    let working = Backlog::step(app.gate(), &**app.embedder());
    let changing = async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        alice.put(&format!("/v1/memories/{id}/"), json!({ "text": "window" })).await.ok();
    };
    let (step, ()) = tokio::join!(working, changing);
    assert_eq!(step.unwrap().embedded, 0);
    let [(text, semantic)] = &found(&alice, "window").await[..] else { panic!("one") };
    assert_eq!((text.as_str(), *semantic > SAME), ("window", true), "of the request that changed it");
    app.advance(chrono::TimeDelta::minutes(3));
    assert_eq!(Backlog::step(app.gate(), &**app.embedder()).await.unwrap(), Backlog::default());
    assert_eq!(progress(&app).await, Progress { done: 1, ..Progress::default() });
}

#[tokio::test]
async fn forgotten_memories_are_not_sent_anywhere() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "plain")).await;
    let alice = app.owner("alice").await;
    peer.always(Reply::Status(503, None));
    add(&alice, &["rocket".to_owned()]).await;
    let all = alice.post("/v3/memories/", json!({})).await.ok();
    alice.delete(&format!("/v1/memories/{}/", all["results"][0]["id"].as_str().unwrap())).await.ok();
    peer.always(Reply::Vectors);
    peer.seen();
    assert_eq!(Backlog::step(app.gate(), &*openai_of(&peer, "plain")).await.unwrap(), Backlog::default());
    assert!(peer.seen().is_empty());
    let left = "SELECT count(*) FROM embedding_work";
    assert_eq!(app.database().superuser().await.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
}
