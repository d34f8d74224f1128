//! `POST /v3/memories/search/`: what is found, in which order, and what the answer says.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::ApiKeyVerb;

use super::{add, remember, remember_with, search, search_answer};
use crate::harness::{Client as _, TestApp, pack};

const FACTS: [&str; 6] = [
    "I prefer green tea over coffee",
    "My dog Biscuit is a golden retriever",
    "The budget review is on Friday",
    "I moved to Lisbon in March",
    "Deployments need two approvals",
    "My sister plays the violin",
];

#[tokio::test]
async fn the_memory_that_answers_comes_first() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    add(&alice, &FACTS, json!({})).await.ok();
    for (query, best) in [
        ("what does she drink?", FACTS[0]),
        ("which pet do I have", FACTS[1]),
        ("when is the budget reviewed?", FACTS[2]),
        ("in which city do I live now", FACTS[3]),
        ("how many approvals for a deployment", FACTS[4]),
        ("musical instruments in the family", FACTS[5]),
    ] {
        assert_eq!(search(&alice, query, json!({})).await[0], best, "{query}");
    }
}

#[tokio::test]
async fn a_result_has_what_mem0s_clients_read() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let more =
        json!({ "user_id": "alice", "run_id": "r1", "metadata": { "a": 1 }, "categories": ["drinks"] });
    remember_with(&alice, "I prefer tea", more).await;
    let answer = search_answer(&alice, "tea", json!({ "explain": true })).await;
    insta::assert_json_snapshot!(answer.snapshot(), {
        ".results[].score" => insta::rounded_redaction(2),
        ".results[].score_breakdown.semantic" => insta::rounded_redaction(2),
        ".results[].score_breakdown.bm25" => insta::rounded_redaction(2),
        ".results[].score_breakdown.recency" => insta::rounded_redaction(2),
    }, @r#"
    {
      "results": [
        {
          "agent_id": null,
          "app_id": null,
          "author_id": "[usr#1]",
          "categories": [
            "drinks"
          ],
          "classification": "internal",
          "created_at": "2026-03-02T09:00:00Z",
          "expiration_date": null,
          "id": "[mem#1]",
          "lifecycle_state": "active",
          "memory": "I prefer tea",
          "metadata": {
            "a": 1
          },
          "run_id": "r1",
          "scope": "personal",
          "score": 1.0,
          "score_breakdown": {
            "actor": 0.0,
            "bm25": 0.07,
            "date": 0.0,
            "feedback": 0.0,
            "identifier": 0.0,
            "interaction": 0.6667,
            "question": 0.0,
            "recency": 0.09,
            "repetition": 0.0,
            "reply": 0.0,
            "semantic": 0.18,
            "superseded": 0.0,
            "time": 0.0,
            "when": 0.0
          },
          "timestamp": null,
          "updated_at": "2026-03-02T09:00:00Z",
          "user_id": "alice"
        }
      ]
    }
    "#);
    assert!(
        search_answer(&alice, "tea", json!({})).await.ok()["results"][0].get("score_breakdown").is_none()
    );
}

#[tokio::test]
async fn scores_fall_from_one_to_the_threshold() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    add(&alice, &FACTS, json!({})).await.ok();
    let scores = async |threshold: f64| -> Vec<f64> {
        let found =
            search_answer(&alice, "green tea or coffee", json!({ "threshold": threshold })).await.ok();
        found["results"].as_array().unwrap().iter().map(|found| found["score"].as_f64().unwrap()).collect()
    };
    let all = scores(0.0).await;
    assert_eq!(all.len(), 6);
    assert!(
        all.is_sorted_by(|a, b| a >= b) && all.iter().all(|score| (0.0..=1.0).contains(score)),
        "{all:?}"
    );
    assert!(all[0] > 0.6, "{all:?}");
    assert_eq!(scores(0.6).await, [all[0]]);
    let default = alice.post("/v3/memories/search/", json!({ "query": "green tea or coffee" })).await.ok();
    let above: usize = all.iter().filter(|score| **score >= 0.1).count();
    assert_eq!(default["results"].as_array().unwrap().len(), above);
}

#[tokio::test]
async fn top_k_bounds_the_answer() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let texts: Vec<String> = (0..30).map(|n| format!("Invoice {n} is paid")).collect();
    add(&alice, &texts.iter().map(String::as_str).collect::<Vec<_>>(), json!({})).await.ok();
    for (top_k, found) in [(1, 1), (25, 25), (1000, 30)] {
        assert_eq!(search(&alice, "paid invoices", json!({ "top_k": top_k })).await.len(), found);
    }
    let default = alice.post("/v3/memories/search/", json!({ "query": "paid invoices" })).await.ok();
    assert_eq!(default["results"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn the_newer_of_two_equals_comes_first() {
    let (app, alice, _) = TestApp::two_tenants().await;
    remember_with(&alice, "Lunch is at noon", json!({ "user_id": "old" })).await;
    app.advance(TimeDelta::days(20));
    remember_with(&alice, "Lunch is at noon", json!({ "user_id": "new" })).await;
    let users = async |more: Value| -> Vec<Value> {
        let found = search_answer(&alice, "lunch", more).await.ok();
        found["results"].as_array().unwrap().iter().map(|found| found["user_id"].clone()).collect()
    };
    assert_eq!(users(json!({})).await, ["new", "old"]);
    let last = users(json!({ "reference_date": "2026-03-02", "threshold": 0.0 })).await;
    assert_eq!(last.len(), 2, "seen from then, both are of the present");
}

#[tokio::test]
async fn filters_are_kept_however_near_the_others_are() {
    let (app, alice, _) = TestApp::two_tenants().await;
    // More that are nearer than any search looks at in its first step.
    let texts: Vec<String> = (0..160).map(|n| format!("The tea of shop {n} is green tea")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    add(&alice, &texts, json!({ "user_id": "shop" })).await.ok();
    remember_with(&alice, "My bicycle is red", json!({ "user_id": "me", "metadata": { "of": "me" } })).await;
    // All that matches is read if that is little; else, and where vectors are packed, the nearest are, and if those do not
    // match, what does.
    for packed in [false, true] {
        if packed {
            pack(app.database().superuser().await).await;
        }
        for filters in [
            json!({ "user_id": "me" }),
            json!({ "metadata": { "of": "me" } }),
            json!({ "NOT": { "user_id": "shop" } }),
            json!({ "OR": [{ "user_id": "me" }, { "user_id": "nobody" }] }),
            json!({ "keywords": { "contains": "bicycle" } }),
        ] {
            let found = search(&alice, "green tea", json!({ "filters": filters })).await;
            assert_eq!(found, ["My bicycle is red"], "{filters}");
        }
        let none = json!({ "filters": { "user_id": "nobody" } });
        assert!(search(&alice, "green tea", none).await.is_empty());
        // More than are read without looking for the nearest, with and without a filter, more than once.
        for _ in 0..2 {
            let shop = json!({ "filters": { "user_id": "shop" }, "top_k": 200 });
            assert_eq!(search(&alice, "green tea", shop).await.len(), 160);
            assert_eq!(
                search(&alice, "green tea", json!({ "categories": [], "top_k": 200 })).await.len(),
                161
            );
        }
    }
}

#[tokio::test]
async fn odd_queries_find_or_find_nothing_but_never_fail() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    remember(&alice, "私はお茶が好きです").await;
    remember(&alice, "I like tea").await;
    let long = format!("tea {}", "x".repeat(100_000));
    for query in [
        "?",
        "the of and",
        "🍵",
        "'; DROP TABLE memories; --",
        "a & b | !c:*",
        "\\",
        "''",
        "<->",
        "שלום",
        "お茶",
        &long,
    ] {
        search_answer(&alice, query, json!({})).await.assert_status(200);
    }
    assert_eq!(search(&alice, "お茶が好きです", json!({})).await[0], "私はお茶が好きです");
    assert_eq!(search(&alice, &long, json!({})).await[0], "I like tea");
}

#[tokio::test]
async fn wrong_input_is_refused_with_its_place() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    for (body, field) in [
        (json!({}), Some("query")),
        (json!({ "query": "" }), Some("query")),
        (json!({ "query": "  " }), Some("query")),
        (json!({ "query": 7 }), Some("query")),
        (json!({ "query": "x", "top_k": 0 }), Some("top_k")),
        (json!({ "query": "x", "top_k": 1001 }), Some("top_k")),
        (json!({ "query": "x", "top_k": -1 }), Some("top_k")),
        (json!({ "query": "x", "top_k": "5" }), Some("top_k")),
        (json!({ "query": "x", "threshold": 1.5 }), Some("threshold")),
        (json!({ "query": "x", "threshold": -0.1 }), Some("threshold")),
        (json!({ "query": "x", "filters": { "nonsense": 1 } }), Some("filters.nonsense")),
        (json!({ "query": "x", "filters": "user_id" }), Some("filters")),
        (json!({ "query": "x", "user_id": "alice" }), Some("user_id")),
        (json!({ "query": "x", "show_expired": true }), Some("show_expired")),
        (json!({ "query": "x", "reference_date": "soon" }), Some("reference_date")),
        (json!({ "query": "x", "scope": "everyone" }), Some("scope")),
        (json!({ "query": "x", "fields": ["secret"], "nonsense": 1 }), Some("nonsense")),
    ] {
        alice.post("/v3/memories/search/", body).await.assert_problem(400, "invalid", field);
    }
    let writer = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesWrite]).await;
    search_answer(&writer, "x", json!({})).await.assert_problem(403, "forbidden", None);
}
