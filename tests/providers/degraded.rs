//! Operation without the model: what is found, what is stored, and what happens to it later.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::memory::{Backlog, Progress};

use super::peer::{Peer, Reply};
use super::{openai_of, openai_with};
use crate::harness::{Actor, Client as _, TestApp};

const AWAY: Reply = Reply::Status(503, None);
const REASON: &str = "the embedding model is not available, so memories were found by their words only";

async fn add(actor: &Actor, text: &str) -> Value {
    let body = json!({ "messages": [{ "role": "user", "content": text }], "infer": false });
    actor.post("/v3/memories/add/", body).await.ok()["results"][0].clone()
}

async fn search(actor: &Actor, query: &str) -> Value {
    actor.post("/v3/memories/search/", json!({ "query": query, "explain": true })).await.ok()
}

fn texts(answer: &Value) -> Vec<&str> {
    answer["results"].as_array().unwrap().iter().map(|found| found["memory"].as_str().unwrap()).collect()
}

async fn step(app: &TestApp) -> Backlog {
    Backlog::step(app.gate(), &**app.embedder()).await.unwrap()
}

#[tokio::test]
async fn a_search_goes_on_by_words_and_says_so() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "m")).await;
    let alice = app.owner("alice").await;
    add(&alice, "I prefer green tea over coffee").await;
    add(&alice, "The budget review is on Friday").await;
    let answer = search(&alice, "what does she drink, tea or coffee?").await;
    assert_eq!(answer.get("degraded"), None);
    assert_eq!(answer.get("degraded_reason"), None);

    for (reply, reason) in [
        (AWAY, REASON),
        (
            Reply::Numbers("NaN"),
            "the embedding model has no vector for this query, so memories were found by their words only",
        ),
    ] {
        peer.always(reply);
        let answer = search(&alice, "what does she drink, tea or coffee?").await;
        assert_eq!((&answer["degraded"], &answer["degraded_reason"]), (&json!(true), &json!(reason)));
        assert_eq!(texts(&answer), ["I prefer green tea over coffee"]);
        assert_eq!(answer["results"][0]["score_breakdown"]["semantic"], 0.0);
        // With a filter as well, which takes another way.
        let filtered = json!({ "query": "budget", "filters": { "NOT": { "user_id": "bob" } } });
        let answer = alice.post("/v3/memories/search/", filtered).await.ok();
        assert_eq!(texts(&answer), ["The budget review is on Friday"]);
    }
    // More words than one memory has are still enough of them.
    let long = "has anything been said lately about any budget decisions";
    assert_eq!(texts(&search(&alice, long).await), ["The budget review is on Friday"]);
    assert_eq!(texts(&search(&alice, "beverages").await), [""; 0]);
}

/// What has no vector matters to a search that finds it, and to no other.
#[tokio::test]
async fn a_memory_without_a_vector_degrades_no_search_that_does_not_find_it() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "m")).await;
    let alice = app.owner("alice").await;
    peer.always(AWAY);
    add(&alice, "The budget review is on Friday").await;
    peer.always(Reply::Vectors);
    add(&alice, "I prefer green tea over coffee").await;
    let answer = search(&alice, "which tea do I prefer over coffee?").await;
    assert_eq!((texts(&answer), answer.get("degraded")), (vec!["I prefer green tea over coffee"], None));
    let answer = search(&alice, "when is the budget review?").await;
    assert_eq!((texts(&answer), &answer["degraded"]), (vec!["The budget review is on Friday"], &json!(true)));
    let answer = search(&alice, "zebra").await;
    assert_eq!((texts(&answer), &answer["degraded"]), (vec![], &json!(true)), "it might have been that");
}

#[tokio::test]
async fn mcp_says_so_too() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "m")).await;
    let alice = app.owner("alice").await;
    add(&alice, "I prefer green tea over coffee").await;
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "search_memories", "arguments": { "query": "tea" } },
    });
    let answer = async || alice.post("/mcp", call.clone()).await.ok()["result"]["structuredContent"].clone();
    assert_eq!(answer().await.get("degraded"), None);
    peer.always(AWAY);
    let degraded = answer().await;
    assert_eq!((&degraded["degraded"], &degraded["degraded_reason"]), (&json!(true), &json!(REASON)));
    assert_eq!(texts(&degraded), ["I prefer green tea over coffee"]);
}

#[tokio::test]
async fn so_does_an_enhanced_prompt() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "m")).await;
    let alice = app.owner("alice").await;
    add(&alice, "I prefer green tea over coffee").await;
    let enhance = async || {
        alice.post("/enhance", json!({ "prompt": "which tea do I prefer?", "threshold": 0.1 })).await.ok()
    };
    assert_eq!(enhance().await.get("degraded"), None);
    peer.always(AWAY);
    let degraded = enhance().await;
    assert_eq!((&degraded["degraded"], &degraded["degraded_reason"]), (&json!(true), &json!(REASON)));
    assert_eq!(degraded["memories"][0]["memory"], "I prefer green tea over coffee");
}

#[tokio::test]
async fn a_search_does_not_wait_for_a_silent_model() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_with(&peer, "m", Duration::from_millis(200))).await;
    let alice = app.owner("alice").await;
    add(&alice, "I prefer green tea over coffee").await;
    peer.always(Reply::After(Duration::from_secs(60)));
    let started = Instant::now();
    assert_eq!(search(&alice, "tea").await["degraded"], true);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_is_remembered_meanwhile_is_stored_found_by_words_and_embedded_later() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "m")).await;
    let alice = app.owner("alice").await;
    peer.always(AWAY);
    let tea = add(&alice, "I prefer green tea over coffee").await;
    assert_eq!(tea["event"], "ADD");
    let rows = app.database().superuser().await;
    let row = rows.query_one("SELECT embedding IS NULL, embedding_model FROM memories", &[]).await.unwrap();
    assert_eq!((row.get(0), row.get::<_, Option<String>>(1)), (true, None));
    assert_eq!(texts(&search(&alice, "tea").await), ["I prefer green tea over coffee"]);

    // The same text is known; what only resembles it is kept, as long as nobody can tell how much.
    let again = add(&alice, "i prefer green TEA over coffee!").await;
    assert_eq!((&again["event"], &again["id"]), (&json!("SKIP"), &tea["id"]));
    let twice = json!({ "messages": [{ "role": "user", "content": "One." }, { "role": "user", "content": "one" }], "infer": false });
    let twice = alice.post("/v3/memories/add/", twice).await.ok();
    assert_eq!(
        (&twice["results"][0]["event"], &twice["results"][1]["event"]),
        (&json!("ADD"), &json!("SKIP"))
    );

    // While the model is away, nothing is lost and nothing is counted as a failure of the memory.
    assert_eq!(step(&app).await, Backlog { claimed: 2, away: true, ..Backlog::default() });
    let waiting = Progress { pending: 2, ..Progress::default() };
    assert_eq!(Progress::read(app.gate(), &**app.embedder()).await.unwrap(), waiting);
    assert_eq!(step(&app).await, Backlog::default(), "not again at once");

    peer.always(Reply::Vectors);
    app.advance(chrono::TimeDelta::seconds(20));
    // The model has been left alone for a while; a new process does not know of that.
    let fresh = openai_of(&peer, "m");
    let done = Backlog::step(app.gate(), &*fresh).await.unwrap();
    assert_eq!(done, Backlog { claimed: 2, embedded: 2, ..Backlog::default() });
    let all = Progress { done: 2, ..Progress::default() };
    assert_eq!(Progress::read(app.gate(), &*fresh).await.unwrap(), all);
    assert_eq!(Backlog::step(app.gate(), &*fresh).await.unwrap(), Backlog::default());
    let alice = alice.at(&app.with_other_embedder(fresh));
    let answer = search(&alice, "which beverages does she like").await;
    assert_eq!(texts(&answer)[0], "I prefer green tea over coffee");
    assert_eq!(answer.get("degraded"), None);
    // Making a vector is no change of the memory.
    assert_eq!(
        alice.get(&format!("/v1/memories/{}/", tea["id"].as_str().unwrap())).await.ok()["updated_at"],
        tea_time()
    );
}

/// Every test begins then.
fn tea_time() -> Value {
    json!(TestApp::start())
}

#[tokio::test]
async fn a_changed_text_does_not_keep_the_vector_of_the_old_one() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "m")).await;
    let alice = app.owner("alice").await;
    let id = add(&alice, "I prefer green tea over coffee").await["id"].as_str().unwrap().to_owned();
    peer.always(AWAY);
    alice.put(&format!("/v1/memories/{id}/"), json!({ "text": "I own a rocket" })).await.ok();
    assert_eq!(texts(&search(&alice, "rocket").await), ["I own a rocket"]);
    let metadata = json!({ "metadata": { "seen": true } });
    alice.put(&format!("/v1/memories/{id}/"), metadata).await.ok();
    let history = alice.get(&format!("/v1/memories/{id}/history/")).await.ok();
    assert_eq!(history.as_array().map(Vec::len), Some(3), "{history}");

    peer.always(Reply::Vectors);
    let alice = alice.at(&app.with_other_embedder(openai_of(&peer, "m")));
    assert_eq!(texts(&search(&alice, "hot beverages").await), [""; 0], "no vector of the old text");
    let done = Backlog::step(app.gate(), &*openai_of(&peer, "m")).await.unwrap();
    assert_eq!((done.claimed, done.embedded), (1, 1));
    assert_eq!(texts(&search(&alice, "spacecraft").await), ["I own a rocket"]);
    // Other changes keep the vector.
    alice.put(&format!("/v1/memories/{id}/"), json!({ "metadata": {} })).await.ok();
    assert_eq!(texts(&search(&alice, "spacecraft").await), ["I own a rocket"]);
}

#[tokio::test]
async fn a_memory_that_the_model_refuses_does_not_hold_up_the_others() {
    let peer = Peer::start().await;
    let app = TestApp::with_embedder(openai_of(&peer, "m")).await;
    let alice = app.owner("alice").await;
    add(&alice, "an indigestible memory").await;
    peer.always(AWAY);
    add(&alice, "I own a rocket").await;
    peer.always(Reply::Vectors);
    let done = Backlog::step(app.gate(), &*openai_of(&peer, "m")).await.unwrap();
    assert_eq!(done, Backlog { claimed: 2, embedded: 1, rejected: 1, away: false });
    // It comes up again ever later.
    for (minutes, claimed) in [(1, 0), (2, 1), (2, 0), (3, 1), (4, 0), (5, 1), (61, 1), (61, 1)] {
        app.advance(chrono::TimeDelta::minutes(minutes));
        let again = Backlog::step(app.gate(), &*openai_of(&peer, "m")).await.unwrap();
        assert_eq!(
            again,
            Backlog { claimed, rejected: claimed, ..Backlog::default() },
            "after {minutes} more"
        );
    }
    let progress = Progress::read(app.gate(), &*openai_of(&peer, "m")).await.unwrap();
    assert_eq!(progress, Progress { done: 1, pending: 1, stale: 0, failing: 1 });
    assert_eq!(texts(&search(&alice, "indigestible").await), ["an indigestible memory"]);
}
