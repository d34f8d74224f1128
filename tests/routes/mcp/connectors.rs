//! The tools of ChatGPT's connectors, and those about the caller and their scopes.

use serde_json::json;
use shared::access::ApiKeyVerb;

use super::client::{call, refused};
use crate::harness::{Client as _, PUBLIC_URL, TestApp};

#[tokio::test]
async fn what_search_finds_is_fetched_and_cited() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let text = format!("The office cat is called Ferris. {}", "She sleeps in the printer room. ".repeat(5));
    call(&alice, "add_memory", json!({ "text": text })).await;
    let found = call(&alice, "search", json!({ "query": "name of the office cat" })).await;
    let hit = &found["results"][0];
    let (id, url) = (hit["id"].as_str().unwrap(), hit["url"].as_str().unwrap());
    assert_eq!(url, format!("{PUBLIC_URL}/v1/memories/{id}/"));
    assert!(hit["title"].as_str().unwrap().ends_with('…'), "{hit}");

    let fetched = call(&alice, "fetch", json!({ "id": id })).await;
    assert_eq!((fetched["text"].as_str(), fetched["url"].as_str()), (Some(text.as_str()), Some(url)));
    let read = alice.get(url.strip_prefix(PUBLIC_URL).unwrap()).await.ok();
    assert_eq!(read["id"], id, "the address answers");
    for address in [
        url.to_owned(),
        url.trim_end_matches('/').to_owned(),
        format!("{url}?from=chat"),
        format!("{url}#text"),
        format!("mem0://memories/{id}"),
    ] {
        assert_eq!(call(&alice, "fetch", json!({ "id": address })).await["id"], id);
    }
    let elsewhere = format!("https://evil.example/v1/memories/{id}/");
    assert!(refused(&alice, "fetch", json!({ "id": elsewhere })).await.starts_with("id: "));
    assert!(refused(&alice, "fetch", json!({ "id": "seven" })).await.starts_with("id: "));
}

#[tokio::test]
async fn a_caller_learns_who_and_where_they_are() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let key = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    let who = call(&key, "whoami", json!({})).await;
    assert_eq!(who["email"], alice.email);
    assert_eq!((&who["role"], &who["credential"]), (&json!("owner"), &json!("api_key")));
    assert_eq!(who["may"], json!(["memories:read"]));
    let me = alice.get("/v1/auth/me").await.ok();
    assert_eq!(
        (&who["name"], &who["enterprise_name"]),
        (&me["user"]["name"], &me["user"]["enterprise_name"])
    );
    assert!(who["name"].is_string() && who["enterprise_name"].is_string(), "{who}");
    let scopes = call(&key, "list_scopes", json!({ "limit": 1 })).await;
    assert_eq!(scopes["results"][0]["scope"], "enterprise", "{scopes}");
    assert_eq!(scopes["results"][0]["writable"], false, "the key only reads");
    assert_eq!(scopes["results"][0]["name"], who["enterprise_name"]);
    let more = call(&alice, "list_scopes", json!({ "cursor": scopes["next"] })).await;
    let names: Vec<_> = more["results"].as_array().unwrap().iter().map(|scope| &scope["scope"]).collect();
    assert!(names.contains(&&json!("personal")), "{more}");
}
