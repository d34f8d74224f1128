//! Resources that clients attach by address.

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, ScopeKind};

use super::client::{call, legacy, modern, refused};
use crate::harness::{Actor, TestApp};

/// The one content of a resource.
async fn read(actor: &Actor, uri: &str) -> Value {
    let answer = modern(actor, "resources/read", json!({ "uri": uri })).await.ok();
    let result = &answer["result"];
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(0), &json!("private")), "{answer}");
    assert_eq!(result["contents"][0]["uri"], uri);
    serde_json::from_str(result["contents"][0]["text"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_memory_a_scope_and_the_profile_are_read_by_address() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let added = call(&alice, "add_memory", json!({ "text": "The office cat is called Ferris" })).await;
    let id = added["results"][0]["id"].as_str().unwrap();
    let memory = read(&alice, &format!("mem0://memories/{id}")).await;
    assert_eq!(memory["memory"], "The office cat is called Ferris");
    assert!(memory["content_trust"].as_str().unwrap().starts_with("untrusted"));
    let scope = read(&alice, "mem0://scopes/personal").await;
    assert_eq!(scope["newest"][0]["id"], id);
    assert_eq!(read(&alice, "mem0://profile").await["email"], alice.email);
}

#[tokio::test]
async fn every_scope_is_listed_in_parts() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for number in 0..50 {
        alice.node(ScopeKind::Organization, &format!("Branch {number}")).await;
    }
    let (mut uris, mut cursor) = (Vec::new(), json!({}));
    loop {
        let part = modern(&alice, "resources/list", cursor).await.ok()["result"].clone();
        uris.extend(part["resources"].as_array().unwrap().iter().map(|resource| resource["uri"].clone()));
        let Some(next) = part.get("nextCursor") else { break };
        cursor = json!({ "cursor": next });
    }
    // A cursor fits only the list and the person that it was made for.
    let next = modern(&alice, "resources/list", json!({})).await.ok()["result"]["nextCursor"].clone();
    refused(&alice, "list_scopes", json!({ "cursor": next })).await;
    let next = call(&alice, "list_scopes", json!({ "limit": 10 })).await["next"].clone();
    call(&alice, "list_scopes", json!({ "limit": 10, "cursor": next })).await;
    let answer = modern(&alice, "resources/list", json!({ "cursor": next })).await;
    assert_eq!(answer.json()["error"]["code"], -32602, "{answer}");
    let bob = app.owner("bob").await;
    refused(&bob, "list_scopes", json!({ "cursor": next })).await;
    let first = modern(&alice, "resources/list", json!({})).await.ok()["result"]["resources"].clone();
    let titles: Vec<&str> =
        first.as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect();
    assert!(titles.contains(&"Personal memories") && titles.contains(&"Public memories"), "{titles:?}");
    assert_eq!(uris[0], "mem0://profile");
    assert_eq!(uris.len(), 1 + 3 + 50, "profile, enterprise, public, personal and the branches");
    for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
        for wrong in [json!("no cursor"), json!(7)] {
            let answer = modern(&alice, method, json!({ "cursor": wrong })).await;
            assert_eq!(answer.json()["error"]["code"], -32602, "{method}: {answer}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_words_of_the_era() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let added = call(&bob, "add_memory", json!({ "text": "Bob has a boat" })).await;
    let foreign = format!("mem0://memories/{}", added["results"][0]["id"].as_str().unwrap());
    for uri in [&foreign, "mem0://memories/7", "mem0://scopes/galaxy", "file:///etc/passwd", ""] {
        for (answer, code) in [
            (modern(&alice, "resources/read", json!({ "uri": uri })).await, -32602),
            (legacy(&alice, "resources/read", json!({ "uri": uri })).await, -32002),
        ] {
            assert_eq!(answer.json()["error"]["code"], code, "{uri}: {answer}");
            assert_eq!(answer.json()["error"]["data"]["uri"], *uri);
        }
    }
}

#[tokio::test]
async fn a_key_that_only_writes_sees_nothing_to_read() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let writer = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesWrite]).await;
    let listed = modern(&writer, "resources/list", json!({})).await.ok();
    assert_eq!(listed["result"]["resources"].as_array().unwrap().len(), 1, "{listed}");
    let prompts = modern(&writer, "prompts/list", json!({})).await.ok();
    assert_eq!(prompts["result"]["prompts"][0]["name"], "capture-after-answer", "{prompts}");
    let refused = modern(&writer, "resources/read", json!({ "uri": "mem0://scopes/personal" })).await;
    assert_eq!(refused.json()["error"]["code"], 403, "{refused}");
}

#[tokio::test]
async fn a_credential_is_listed_nothing_that_it_may_not_read() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let tenancy = alice.with_narrow_api_key(&[ApiKeyVerb::TenancyRead]).await;
    let listed = modern(&tenancy, "resources/list", json!({})).await.ok();
    let resources = listed["result"]["resources"].as_array().unwrap();
    assert!(!resources.is_empty());
    for resource in resources {
        let read = modern(&tenancy, "resources/read", json!({ "uri": resource["uri"] })).await.ok();
        assert!(read["result"]["contents"].is_array(), "{read}");
    }
}
