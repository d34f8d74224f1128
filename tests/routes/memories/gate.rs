//! The near-duplicate gate of `POST /v3/memories/add/`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{add, list, one, remember, remember_with, team};
use crate::harness::{Client as _, TestApp};

fn outcome(answer: &Value) -> (&str, Option<&str>) {
    (answer["results"][0]["event"].as_str().unwrap(), answer["results"][0]["id"].as_str())
}

#[tokio::test]
async fn what_is_known_already_is_skipped_and_the_memory_named() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let id = remember(&alice, "I prefer green tea over coffee").await;
    for again in [
        "I prefer green tea over coffee",
        "i prefer GREEN tea over coffee!",
        "I really prefer green tea over coffee",
    ] {
        let answer = add(&alice, &[again], json!({})).await.ok();
        assert_eq!(outcome(&answer), ("SKIP", Some(id.as_str())), "{again}");
        assert!(answer["results"][0]["reason"].as_str().unwrap().contains("existing memory"));
    }
    for other in ["I prefer green tea over cocoa", "I do not prefer green tea over coffee"] {
        assert_eq!(outcome(&add(&alice, &[other], json!({})).await.ok()).0, "ADD", "{other}");
    }
    assert_eq!(list(&alice, json!({})).await.len(), 3);
}

#[tokio::test]
async fn repetitions_within_one_request_are_skipped() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let answer = add(&alice, &["I like tea", "I really like tea", "i like TEA"], json!({})).await.ok();
    let events: Vec<&Value> = answer["results"].as_array().unwrap().iter().map(|r| &r["event"]).collect();
    assert_eq!(events, ["ADD", "SKIP", "SKIP"]);
    assert_eq!(answer["results"][1]["id"], answer["results"][0]["id"]);
}

#[tokio::test]
async fn other_labels_and_other_scopes_are_other_memories() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    remember(&alice, "I like tea").await;
    remember_with(&alice, "I like tea", json!({ "user_id": "u1" })).await;
    remember_with(&alice, "I like tea", json!({ "user_id": "u2" })).await;
    remember_with(&alice, "I like tea", json!({ "user_id": "u2", "run_id": "r" })).await;
    remember_with(&alice, "I like tea", json!({ "scope": team.label() })).await;
    remember(&bob, "I like tea").await;
    assert_eq!(list(&alice, json!({ "scope": "all" })).await.len(), 5);
}

#[tokio::test]
async fn what_was_forgotten_or_has_expired_can_be_said_again() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let id = remember(&alice, "I like tea").await;
    alice.delete(&one(&id)).await.ok();
    remember_with(&alice, "I like tea", json!({ "expiration_date": "2026-03-02" })).await;
    app.advance(TimeDelta::days(1));
    remember(&alice, "I like tea").await;
}

#[tokio::test]
async fn two_requests_at_the_same_time_store_it_once() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let again = || async { add(&alice, &["I like tea"], json!({})).await.ok() };
    let answers: [Value; 4] = {
        let (a, b, c, d) = tokio::join!(again(), again(), again(), again());
        [a, b, c, d]
    };
    let added = answers.iter().filter(|answer| outcome(answer).0 == "ADD").count();
    assert_eq!(added, 1);
    assert_eq!(list(&alice, json!({})).await, ["I like tea"]);
}

/// Few texts are locked one by one, many by groups.
#[tokio::test]
async fn a_small_and_a_large_request_at_the_same_time_store_it_once() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    for round in 0..4 {
        let texts: Vec<String> =
            (0..70).map(|number| format!("Locker {number} of floor {round} is taken")).collect();
        let all: Vec<&str> = texts.iter().map(String::as_str).collect();
        let some = || async { add(&alice, &all[30..33], json!({})).await.ok() };
        let answers: [Value; 3] = {
            let (many, one, another) =
                tokio::join!(async { add(&alice, &all, json!({})).await.ok() }, some(), some());
            [many, one, another]
        };
        let results = answers.iter().flat_map(|answer| answer["results"].as_array().unwrap());
        assert_eq!(results.filter(|result| result["event"] == "ADD").count(), all.len(), "round {round}");
    }
}

#[tokio::test]
async fn a_reason_says_when_the_existing_memory_has_another_class() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let reason = async |class: Value| {
        let added =
            super::add(&alice, &["the buyer is Contoso"], json!({ "classification": class })).await.ok();
        added["results"][0]["reason"].clone()
    };
    assert_eq!(reason(json!("internal")).await, Value::Null);
    assert_eq!(reason(json!("internal")).await, "same text as an existing memory");
    assert_eq!(
        reason(json!("restricted")).await,
        "same text as an existing memory, which is internal, not restricted"
    );
    let more = json!({ "classification": "restricted", "metadata": { "source": "mail" } });
    let added = super::add(&alice, &["the buyer is Contoso"], more).await.ok();
    assert_eq!(
        added["results"][0]["reason"],
        "same text as an existing memory, which is internal, not restricted; not taken over: metadata"
    );
}

#[tokio::test]
async fn what_would_expire_is_added_again_if_it_is_to_last() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let until = |day: &str| json!({ "expiration_date": day });
    let code = "The gate code is 4711";
    remember_with(&alice, code, until("2026-03-02")).await;
    let sooner = remember_with(&alice, code, until("2026-03-09")).await;
    let again = add(&alice, &[code], until("2026-03-05")).await.ok();
    assert_eq!(outcome(&again), ("SKIP", Some(sooner.as_str())), "{again}");
    let lasting = remember(&alice, code).await;
    for more in [json!({}), until("2027-03-05")] {
        assert_eq!(outcome(&add(&alice, &[code], more).await.ok()), ("SKIP", Some(lasting.as_str())));
    }
    app.advance(TimeDelta::days(10));
    assert_eq!(list(&alice, json!({})).await, [code]);
}

#[tokio::test]
async fn the_same_at_another_time_or_by_somebody_else_is_another_memory() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let cancelled = "The standup was cancelled";
    let at = |day: &str| json!({ "timestamp": day });
    let january = remember_with(&alice, cancelled, at("2026-01-05")).await;
    remember_with(&alice, cancelled, at("2026-02-05")).await;
    let again = add(&alice, &[cancelled], at("2026-01-05")).await.ok();
    assert_eq!(outcome(&again), ("SKIP", Some(january.as_str())));
    assert_eq!(outcome(&add(&alice, &[cancelled], json!({})).await.ok()).0, "SKIP");
    let said =
        |name: &str| json!({ "role": "user", "name": name, "content": "I'll buy the paint on Saturday." });
    let body = json!({ "messages": [said("Tom"), said("Ann"), said("Tom")], "infer": false });
    let added = alice.post("/v3/memories/add/", body.clone()).await.ok();
    let events: Vec<&Value> = added["results"].as_array().unwrap().iter().map(|r| &r["event"]).collect();
    assert_eq!(events, ["ADD", "ADD", "SKIP"]);
    let again = alice.post("/v3/memories/add/", body).await.ok();
    assert!(again["results"].as_array().unwrap().iter().all(|result| result["event"] == "SKIP"), "{again}");
}

#[tokio::test]
async fn the_reason_names_what_was_not_taken_over() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let known = json!({ "metadata": { "source": "mail", "n": 1 }, "categories": ["tea"] });
    remember_with(&alice, "I like tea", known).await;
    for (more, reason) in [
        (json!({ "metadata": { "n": 1 }, "categories": ["tea"] }), ""),
        (json!({ "metadata": { "n": 2 } }), "; not taken over: metadata"),
        (
            json!({ "categories": ["drinks"], "timestamp": "2026-01-05", "expiration_date": "2027-01-01" }),
            "; not taken over: categories, timestamp, expiration_date",
        ),
    ] {
        let answer = add(&alice, &["I like tea"], more).await.ok();
        let expected = format!("same text as an existing memory{reason}");
        assert_eq!(answer["results"][0]["reason"], json!(expected), "{answer}");
    }
}
