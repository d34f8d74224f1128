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

/// Reading the rest of a history for each part of it would take the square of its length.
#[tokio::test]
async fn a_part_of_a_history_reads_no_more_of_it_than_it_shows() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let id = remember(&alice, "Invoice 1 is paid").await;
    let client = app.database().superuser().await;
    let versions = "INSERT INTO memory_versions (enterprise_id, memory_id, version, id, event, old_content, new_content,
                                                 editor_id, at)
        SELECT v.enterprise_id, v.memory_id, n, gen_random_uuid(), 'UPDATE', repeat('a', 20000), repeat('b', 20000),
               v.editor_id, v.at
          FROM memory_versions v, generate_series(2, 3000) n";
    client.batch_execute(versions).await.unwrap();
    client.batch_execute("VACUUM ANALYZE memory_versions").await.unwrap();
    // A session counts what it has read when a transaction ends a second after it counted last.
    let read = async || -> i64 {
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        alice.get("/v1/scopes").await.ok();
        client.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
        let read =
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_all_tables WHERE relname = 'memory_versions'";
        client.query_one(read, &[]).await.unwrap().get(0)
    };
    let history = format!("{}history/", one(&id));
    let before = read().await;
    let part = alice.get(&format!("{history}?limit=5&after=1000")).await.ok();
    let numbers = part.as_array().unwrap().iter().map(|version| version["version"].as_i64().unwrap());
    assert_eq!(numbers.collect::<Vec<_>>(), [1001, 1002, 1003, 1004, 1005]);
    let rows = read().await - before;
    assert!((5..20).contains(&rows), "{rows} rows were read");
    // Of all, no more than it takes to know that they do not fit.
    let refusal = alice.get(&history).await.assert_problem(400, "invalid", Some("limit"));
    assert!(refusal.contains("of these 200 versions"), "{refusal}");
    assert!(read().await - before < 250);
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

/// What became of a request is told whole, as long as it may be; the texts are in the memories.
#[tokio::test]
async fn an_event_leaves_out_the_texts_that_do_not_fit_and_keeps_every_outcome() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let texts: Vec<String> = (0..200).map(|n| format!("Invoice {n} is paid")).collect();
    let added = add(&alice, &texts.iter().map(String::as_str).collect::<Vec<_>>(), json!({})).await.ok();
    let client = app.database().superuser().await;
    client.batch_execute("UPDATE memories SET content = repeat('\"', 30000)").await.unwrap();
    let split = |results: &Value, marker: &str| {
        let results = results.as_array().unwrap();
        assert!(results.iter().all(|result| result["event"] == "ADD" && result["id"].is_string()));
        let (shown, omitted): (Vec<_>, Vec<_>) =
            results.iter().partition(|result| result.get(marker).is_none());
        assert!(omitted.iter().all(|result| result[marker] == true));
        (shown.len(), omitted.len(), shown[0].clone(), omitted[0].clone())
    };
    let event = alice.get(&format!("/v1/event/{}/", added["event_id"].as_str().unwrap())).await;
    let (shown, omitted, first, last) = split(&event.ok()["results"], "text_omitted");
    assert_eq!((shown, omitted), (40, 160));
    assert!(first["data"]["memory"].is_string() && last["data"]["memory"].is_null(), "{last}");
    let page = alice.get("/v1/events/?page_size=1").await.ok();
    assert_eq!(split(&page["results"][0]["results"], "text_omitted").0, 40);
    let memory = alice.get(&one(last["id"].as_str().unwrap())).await.ok();
    assert_eq!(memory["memory"].as_str().unwrap().len(), 30_000);
    // The log names the memories whose texts were shown.
    let shown = "SELECT max(cardinality(memory_ids)) FROM audit_log WHERE action = $1";
    let shown: i32 = client.query_one(shown, &[&"event.read"]).await.unwrap().get(0);
    assert_eq!(shown, 40);
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "get_event_status", "arguments": { "event_id": added["event_id"] } },
    });
    let told = alice.post("/mcp", call).await.ok();
    assert_eq!(told["result"]["isError"], false);
    let (shown, omitted, ..) = split(&told["result"]["structuredContent"]["results"], "text_omitted");
    assert_eq!((shown, omitted), (13, 187));
}
