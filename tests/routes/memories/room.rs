//! Answers that would exceed Lambda's size limit: lists by cursor end early, other answers say what to ask for.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{add, one, remember, search_answer};
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

/// How many fit, as a refusal says: `ask for a limit of 20 or less`.
fn told(refusal: &str) -> usize {
    let (_, rest) = refusal.split_once("ask for a ").unwrap();
    rest.split(' ').nth(2).unwrap().parse().unwrap_or_else(|_| panic!("{refusal}"))
}

#[tokio::test]
async fn a_long_history_is_read_in_parts() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let id = remember(&alice, "Invoice 0 is paid").await;
    for number in 1..30 {
        alice.put(&one(&id), json!({ "text": format!("Invoice {number} is paid") })).await.ok();
    }
    let history = format!("{}history/", one(&id));
    assert_eq!(alice.get(&history).await.ok().as_array().unwrap().len(), 30);
    // As older clients of mem0 ask.
    let named = alice.get(&format!("{history}?org_id=org_1&project_id=proj_1")).await.ok();
    assert_eq!(named.as_array().unwrap().len(), 30);
    // Each version has the text before and after: 240 kB.
    let lengthen = "SET session_replication_role = replica;
        UPDATE memory_versions SET old_content = repeat('\"', 30000), new_content = repeat('\"', 30000)";
    app.database().superuser().await.batch_execute(lengthen).await.unwrap();
    let refusal = alice.get(&history).await.assert_problem(400, "invalid", Some("limit"));
    assert!(refusal.contains("of these 30 versions") && refusal.contains("after"), "{refusal}");
    let limit = told(&refusal);
    let mut seen = Vec::new();
    loop {
        let after = seen.last().copied().unwrap_or(0);
        let part = alice.get(&format!("{history}?limit={limit}&after={after}")).await.ok();
        let part = part.as_array().unwrap().iter().map(|version| version["version"].as_i64().unwrap());
        let before = seen.len();
        seen.extend(part);
        if seen.len() == before {
            break;
        }
        assert!(seen.len() - before <= limit);
    }
    assert_eq!(seen, (1..=30).collect::<Vec<_>>());
    alice.get(&format!("{history}?limit=0")).await.assert_problem(400, "invalid", Some("limit"));
}

#[tokio::test]
async fn a_link_to_long_memories_is_read_in_smaller_pages() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let launch = alice.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let texts: Vec<String> = (0..60).map(|n| format!("Invoice {n} is paid")).collect();
    let public = json!({ "scope": launch["scope"], "classification": "public" });
    add(&alice, &texts.iter().map(String::as_str).collect::<Vec<_>>(), public).await.ok();
    let links = format!("/v1/contexts/{}/links/", launch["id"].as_str().unwrap());
    let token = alice.post(&links, json!({})).await.ok()["token"].as_str().unwrap().to_owned();
    let path = format!("/v1/links/{token}");
    let client = app.database().superuser().await;
    client.batch_execute("UPDATE memories SET content = repeat('\"', 29900) || content").await.unwrap();
    let visitor = app.anonymous();
    let refusal = visitor.get(&path).await.assert_problem(400, "invalid", Some("page_size"));
    let size = told(&refusal).min(25);
    let (mut seen, mut more) = (BTreeSet::new(), true);
    for page in 1.. {
        if !more {
            break;
        }
        let opened = visitor.get(&format!("{path}?page={page}&page_size={size}")).await.ok();
        let memories = opened["memories"].as_array().unwrap();
        assert!(memories.len() <= size);
        seen.extend(memories.iter().map(|memory| memory["memory"].as_str().unwrap().to_owned()));
        more = opened["more"] == true;
    }
    assert_eq!(seen.len(), 60);
    visitor.get(&format!("{path}?page_size=101")).await.assert_problem(400, "invalid", Some("page_size"));
}

#[tokio::test]
async fn a_page_of_events_with_many_texts_says_how_many_fit() {
    let (app, alice, _) = TestApp::two_tenants().await;
    for _ in 0..6 {
        let texts: Vec<String> =
            (0..10).map(|_| format!("Invoice {} is paid", uuid::Uuid::new_v4().simple())).collect();
        add(&alice, &texts.iter().map(String::as_str).collect::<Vec<_>>(), json!({})).await.ok();
    }
    let client = app.database().superuser().await;
    client.batch_execute("UPDATE memories SET content = repeat('\"', 29900) || content").await.unwrap();
    let refusal = alice.get("/v1/events/").await.assert_problem(400, "invalid", Some("page_size"));
    let page = alice.get(&format!("/v1/events/?page_size={}", told(&refusal))).await.ok();
    assert_eq!(page["results"].as_array().unwrap().len(), told(&refusal));
}
