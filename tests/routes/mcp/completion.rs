//! Suggestions for an argument while it is being typed.

use serde_json::{Value, json};
use shared::access::ScopeKind;

use super::client::{call, modern};
use crate::harness::{Actor, TestApp};

async fn complete(actor: &Actor, reference: Value, name: &str, typed: &str, chosen: Value) -> Value {
    let params = json!({
        "ref": reference, "argument": { "name": name, "value": typed }, "context": { "arguments": chosen },
    });
    let answer = modern(actor, "completion/complete", params).await.ok();
    answer["result"]["completion"]["values"].clone()
}

#[tokio::test]
async fn scopes_labels_and_categories_are_suggested() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let team = alice.node(ScopeKind::Organization, "Bees and honey").await;
    for (text, user, category, scope) in [
        ("Ada keeps bees", "ada", "hobbies", "personal"),
        ("Adam sails on Sundays", "adam", "sports", "personal"),
        ("Adam rows as well", "adam", "sports", "personal"),
        ("The hives stand in the orchard", "adele", "hives", &team.label()),
    ] {
        let arguments = json!({ "text": text, "user_id": user, "categories": [category], "scope": scope });
        call(&alice, "add_memory", arguments).await;
    }
    call(&bob, "add_memory", json!({ "text": "Bob", "user_id": "adrian", "categories": ["secrets"] })).await;
    let recall = || json!({ "type": "ref/prompt", "name": "recall-before-answer" });
    let summary = || json!({ "type": "ref/prompt", "name": "summarize-team-knowledge" });
    let template = json!({ "type": "ref/resource", "uri": "mem0://scopes/{scope}" });

    assert_eq!(complete(&alice, recall(), "user_id", "AD", json!({})).await, json!(["adam", "ada", "adele"]));
    let chosen = json!({ "scope": team.label() });
    assert_eq!(complete(&alice, recall(), "user_id", "ad", chosen).await, json!(["adele"]));
    assert_eq!(complete(&alice, recall(), "user_id", "ad%", json!({})).await, json!([]));
    call(&alice, "add_memory", json!({ "text": "Zoë sings", "user_id": "Zoe\u{308}" })).await;
    assert_eq!(complete(&alice, recall(), "user_id", "zoe\u{308}", json!({})).await, json!(["Zo\u{eb}"]));
    assert_eq!(complete(&alice, recall(), "question", "why", json!({})).await, json!([]));
    assert_eq!(complete(&alice, summary(), "category", "h", json!({})).await, json!(["hives", "hobbies"]));
    assert_eq!(complete(&alice, summary(), "scope", "pers", json!({})).await, json!(["personal"]));
    assert_eq!(complete(&alice, template, "scope", "honey", json!({})).await, json!([team.label()]));
}

#[tokio::test]
async fn only_arguments_that_are_there_are_completed() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let argument = json!({ "name": "scope", "value": "" });
    let prompt = json!({ "type": "ref/prompt", "name": "recall-before-answer" });
    for params in [
        json!({}),
        json!({ "ref": prompt }),
        json!({ "ref": { "type": "ref/prompt", "name": "nonesuch" }, "argument": argument }),
        json!({ "ref": { "type": "ref/resource", "uri": "file:///{scope}" }, "argument": argument }),
        json!({ "ref": prompt, "argument": { "name": "colour", "value": "" } }),
        json!({ "ref": prompt, "argument": { "name": "scope", "value": 7 } }),
        json!({ "ref": prompt, "argument": { "name": "user_id", "value": "a\u{0}" } }),
    ] {
        let answer = modern(&alice, "completion/complete", params.clone()).await;
        assert_eq!(answer.json()["error"]["code"], -32602, "{params}: {answer}");
    }
}

#[tokio::test]
async fn an_argument_that_is_not_there_is_answered_with_those_that_are() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let argument = json!({ "name": "colour", "value": "" });
    for (reference, said) in [
        (
            json!({ "type": "ref/prompt", "name": "summarize-team-knowledge" }),
            "summarize-team-knowledge has no argument \"colour\"; it has ",
        ),
        (
            json!({ "type": "ref/resource", "uri": "mem0://scopes/{scope}" }),
            "mem0://scopes/{scope} has no argument \"colour\"; it has scope",
        ),
    ] {
        let params = json!({ "ref": reference, "argument": argument });
        let answer = modern(&alice, "completion/complete", params).await.json();
        let told = answer["error"]["message"].as_str().unwrap();
        assert!(told.starts_with(said) && told.contains("scope"), "{told}");
    }
}

#[tokio::test]
async fn who_reads_no_memories_gets_no_suggestions() {
    use shared::access::ApiKeyVerb;
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    alice.node(ScopeKind::Organization, "Bees and honey").await;
    let params = json!({
        "ref": { "type": "ref/resource", "uri": "mem0://scopes/{scope}" },
        "argument": { "name": "scope", "value": "" },
    });
    for verb in [ApiKeyVerb::AuditRead, ApiKeyVerb::MemoriesWrite] {
        let key = alice.with_narrow_api_key(&[verb]).await;
        let answer = modern(&key, "completion/complete", params.clone()).await;
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("memories:read"), "{answer}");
    }
}
