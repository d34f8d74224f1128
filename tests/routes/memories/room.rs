//! Answers that would exceed Lambda's size limit: lists by cursor end early, other answers say what to ask for.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{add, search_answer};
use crate::harness::{Actor, Client as _, TestApp};

/// Memories whose texts, of nothing but quotes, have 120 kB each on their way: 41 fit.
async fn long_memories(app: &TestApp, actor: &Actor, count: usize) {
    let texts: Vec<String> = (0..count).map(|n| format!("Invoice {n} is paid")).collect();
    add(actor, &texts.iter().map(String::as_str).collect::<Vec<_>>(), json!({})).await.ok();
    let lengthen = "UPDATE memories SET content = repeat('\"', 30000)";
    app.database().superuser().await.batch_execute(lengthen).await.unwrap();
}

fn ids(answer: &Value) -> Vec<String> {
    let results = answer["results"].as_array().unwrap();
    results.iter().map(|memory| memory["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_part_that_is_full_ends_early_and_the_next_goes_on_where_it_ended() {
    let (app, alice, _) = TestApp::two_tenants().await;
    long_memories(&app, &alice, 100).await;
    let (mut cursor, mut parts, mut seen) = (String::new(), Vec::new(), BTreeSet::new());
    loop {
        let part = alice.post(&format!("/v3/memories/?cursor={cursor}&limit=1000"), json!({})).await.ok();
        parts.push(ids(&part).len());
        seen.extend(ids(&part));
        let Some(next) = part["next"].as_str() else { break };
        cursor = next.to_owned();
    }
    assert_eq!((parts.as_slice(), seen.len()), ([41, 41, 18].as_slice(), 100));
    // With fewer members there is room for all.
    let narrow = json!({ "fields": ["id"] });
    let all = alice.post("/v3/memories/?cursor=&limit=1000", narrow).await.ok();
    assert_eq!((ids(&all).len(), &all["next"]), (100, &Value::Null));
}

#[tokio::test]
async fn a_numbered_page_is_never_cut_short_and_its_refusal_names_a_size_that_fits() {
    let (app, alice, _) = TestApp::two_tenants().await;
    long_memories(&app, &alice, 60).await;
    let page =
        async |size: usize| alice.post(&format!("/v3/memories/?page=1&page_size={size}"), json!({})).await;
    let refusal = page(1000).await.assert_problem(400, "invalid", Some("page_size"));
    assert!(refusal.contains("a page_size of 41 or less") && refusal.contains("cursor"), "{refusal}");
    let fits = page(41).await.ok();
    assert_eq!((ids(&fits).len(), &fits["count"]), (41, &json!(60)));
    assert_eq!(fits["next"], "/v3/memories/?page=2&page_size=41");
}

#[tokio::test]
async fn a_search_says_how_many_fit() {
    let (app, alice, _) = TestApp::two_tenants().await;
    long_memories(&app, &alice, 60).await;
    let found = async |more: Value| search_answer(&alice, "paid invoices", more).await;
    let refusal = found(json!({ "top_k": 1000 })).await.assert_problem(400, "invalid", Some("top_k"));
    assert!(refusal.contains("a top_k of 41 or less") && refusal.contains("fields"), "{refusal}");
    assert_eq!(ids(&found(json!({ "top_k": 41 })).await.ok()).len(), 41);
    assert_eq!(ids(&found(json!({ "top_k": 1000, "fields": ["id", "score"] })).await.ok()).len(), 60);
}
