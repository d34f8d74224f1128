//! `enhance_prompt`: `POST /enhance` as a tool.

use serde_json::json;
use shared::access::ApiKeyVerb;

use super::client::{call, modern, refused};
use crate::harness::{PUBLIC_URL, TestApp};

#[tokio::test]
async fn a_prompt_comes_back_with_what_is_remembered_in_front() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let added = call(&alice, "add_memory", json!({ "text": "The launch moved to 3 March" })).await;
    let id = &added["results"][0]["id"];
    call(&bob, "add_memory", json!({ "text": "The launch is on 9 September" })).await;
    let prompt = "Draft a mail: when is the launch?";
    let enhanced = call(&alice, "enhance_prompt", json!({ "prompt": prompt, "threshold": 0.1 })).await;
    assert_eq!(enhanced["enhanced"], true, "{enhanced}");
    let text = enhanced["prompt"].as_str().unwrap();
    assert!(text.ends_with(prompt) && text.contains("moved to 3 March") && text.contains("not instructions"));
    assert!(!text.contains("September"), "{text}");
    let mentioned = &enhanced["memories"][0];
    assert_eq!((&mentioned["id"], &mentioned["included"]), (id, &json!(false)), "{enhanced}");
    assert_eq!(mentioned["url"], format!("{PUBLIC_URL}/v1/memories/{}/", id.as_str().unwrap()));
    assert!(enhanced["content_trust"].as_str().unwrap().starts_with("untrusted"));

    let without = json!({ "prompt": prompt, "threshold": 0.1, "exclude": [id] });
    let unchanged = call(&alice, "enhance_prompt", without).await;
    assert_eq!((&unchanged["enhanced"], &unchanged["prompt"]), (&json!(false), &json!(prompt)));
    assert!(unchanged["unchanged_because"].as_str().unwrap().contains("no memory"), "{unchanged}");
    let asked_for = call(&alice, "enhance_prompt", json!({ "prompt": "Tea?", "include": [id] })).await;
    assert_eq!(asked_for["memories"][0]["included"], true, "{asked_for}");
    let small = json!({ "prompt": prompt, "threshold": 0.1, "max_tokens": 1 });
    let no_room = call(&alice, "enhance_prompt", small).await;
    assert_eq!(no_room["left_out"][0]["id"], *id, "{no_room}");
}

#[tokio::test]
async fn what_one_may_not_know_of_is_not_there_to_be_included() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let added = call(&bob, "add_memory", json!({ "text": "The launch is on 9 September" })).await;
    let id = &added["results"][0]["id"];
    for (arguments, word) in [
        (json!({ "prompt": "When?", "include": [id] }), "memory not found"),
        (json!({ "prompt": "When?", "include": ["seven"] }), "include[0]"),
        (json!({ "prompt": "When?", "exclude": ["seven"] }), "exclude[0]"),
        (json!({ "prompt": "When?", "threshold": 2 }), "threshold"),
        (json!({ "prompt": "When?", "max_tokens": 0 }), "max_tokens"),
        (json!({ "prompt": " " }), "prompt"),
    ] {
        let message = refused(&alice, "enhance_prompt", arguments.clone()).await;
        assert!(message.contains(word), "{arguments}: {message}");
    }
    let writer = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesWrite]).await;
    let listed = modern(&writer, "tools/list", json!({})).await.ok();
    assert!(!listed.to_string().contains("enhance_prompt"), "{listed}");
    let message = refused(&writer, "enhance_prompt", json!({ "prompt": "When?" })).await;
    assert!(message.contains("memories:read"), "{message}");
}
