//! `latest_only`: superseded memories stay readable, but are left out of every search and list
//! that asks for the latest only.

use serde_json::{Value, json};
use shared::ids::MemoryId;

use super::{list, remember, remember_with, search, texts};
use crate::harness::{Actor, Client as _, TestApp};
use crate::routes::mcp::client::{call, refused};

const LATEST: &str = "I live in Lisbon";

/// Somebody who lived in Rome, then in Paris, and lives in Lisbon; a fourth memory is merged into that.
async fn mover(app: &TestApp) -> Actor {
    let alice = app.owner("alice").await;
    let mut latest: Option<String> = None;
    for city in ["Rome", "Paris", "Lisbon"] {
        let supersedes: Vec<&String> = latest.iter().collect();
        let id =
            remember_with(&alice, &format!("I live in {city}"), json!({ "supersedes": supersedes })).await;
        latest = Some(id);
    }
    let merged = remember(&alice, "I live in the city of Lisbon").await.parse::<MemoryId>().unwrap().uuid();
    let into = latest.unwrap().parse::<MemoryId>().unwrap().uuid();
    // Nothing merges memories yet.
    let merge = "UPDATE memories SET lifecycle = 'merged', replaced_by = $2 WHERE id = $1";
    app.database().superuser().await.execute(merge, &[&merged, &into]).await.unwrap();
    alice
}

/// The texts of everything that one sees level by level.
async fn levels(alice: &Actor, body: Value) -> Vec<String> {
    all_texts(&alice.post("/v1/memories/hierarchical/", body).await.ok())
}

/// The texts of an answer, wherever in it they stand.
fn all_texts(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => match members.get("memory").and_then(Value::as_str) {
            Some(text) => vec![text.to_owned()],
            None => members.values().flat_map(all_texts).collect(),
        },
        Value::Array(items) => items.iter().flat_map(all_texts).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn over_rest_it_leaves_out_what_was_superseded() {
    let app = TestApp::new().await;
    let alice = mover(&app).await;
    let latest = json!({ "latest_only": true });
    assert_eq!(search(&alice, "where do I live?", latest.clone()).await, [LATEST]);
    assert_eq!(list(&alice, latest.clone()).await, [LATEST]);
    assert_eq!(levels(&alice, latest).await, [LATEST]);
    for all in [json!({}), json!({ "latest_only": false })] {
        let found = search(&alice, "where do I live?", all.clone()).await;
        assert_eq!((found.len(), found[0].as_str()), (3, LATEST), "the latest comes first: {found:?}");
        assert_eq!(list(&alice, all.clone()).await.len(), 3, "what was merged is in what it was merged into");
        assert_eq!(levels(&alice, all).await.len(), 3);
    }
}

#[tokio::test]
async fn a_list_with_it_counts_and_goes_on_without_what_was_superseded() {
    let app = TestApp::new().await;
    let alice = mover(&app).await;
    remember(&alice, "I drink tea").await;
    let counted = alice.post("/v3/memories/?page=1&page_size=1", json!({ "latest_only": true })).await.ok();
    assert_eq!(counted["count"], 2, "{counted}");
    let first = alice.post("/v3/memories/?cursor=&limit=1", json!({ "latest_only": true })).await.ok();
    let cursor = first["next"].as_str().unwrap_or_else(|| panic!("{first}"));
    let on = format!("/v3/memories/?cursor={cursor}&limit=1");
    assert_eq!(texts(&alice.post(&on, json!({ "latest_only": true })).await.ok()), [LATEST]);
    // A cursor belongs to the list that it is from.
    alice.post(&on, json!({})).await.assert_problem(400, "invalid", Some("cursor"));
}

#[tokio::test]
async fn over_mcp_it_leaves_out_what_was_superseded() {
    let app = TestApp::new().await;
    let alice = mover(&app).await;
    for tool in ["search_memories", "get_memories", "get_hierarchical_memories"] {
        let asked = |latest: Option<bool>| {
            let mut arguments = match tool {
                "search_memories" => json!({ "query": "where do I live?", "threshold": 0 }),
                _ => json!({}),
            };
            if let Some(latest) = latest {
                arguments["latest_only"] = json!(latest);
            }
            arguments
        };
        assert_eq!(all_texts(&call(&alice, tool, asked(Some(true))).await), [LATEST], "{tool}");
        assert_eq!(all_texts(&call(&alice, tool, asked(Some(false))).await).len(), 3, "{tool}");
        assert_eq!(all_texts(&call(&alice, tool, asked(None)).await).len(), 3, "{tool}");
    }
}

#[tokio::test]
async fn anything_but_true_and_false_is_refused() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for wrong in [json!("true"), json!(1), json!([true]), json!({})] {
        for path in ["/v3/memories/search/", "/v3/memories/", "/v1/memories/hierarchical/"] {
            let mut body = json!({ "latest_only": wrong });
            if path.ends_with("search/") {
                body["query"] = json!("where do I live?");
            }
            alice.post(path, body).await.assert_problem(400, "invalid", Some("latest_only"));
        }
        for tool in ["search_memories", "get_memories", "get_hierarchical_memories"] {
            let mut arguments = json!({ "latest_only": wrong });
            if tool == "search_memories" {
                arguments["query"] = json!("where do I live?");
            }
            let said = refused(&alice, tool, arguments).await;
            assert!(said.contains("latest_only"), "{tool} {wrong}: {said}");
        }
    }
}
