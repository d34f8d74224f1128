//! Prompts that people choose in their client's menu.

use serde_json::{Value, json};
use shared::access::ScopeKind;

use super::client::{call, legacy, modern};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn a_question_comes_with_what_is_remembered_about_it() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    call(&alice, "add_memory", json!({ "text": "The office cat is called Ferris" })).await;
    let params =
        json!({ "name": "recall-before-answer", "arguments": { "question": "what is the cat called?" } });
    for answer in
        [modern(&alice, "prompts/get", params.clone()).await, legacy(&alice, "prompts/get", params).await]
    {
        let messages = answer.ok()["result"]["messages"].clone();
        assert!(messages[0]["content"]["text"].as_str().unwrap().starts_with("what is the cat called?"));
        let attached = &messages[1]["content"]["resource"];
        let text = attached["text"].as_str().unwrap();
        assert!(text.contains("Ferris") && text.contains("untrusted"), "{attached}");
        // What is attached can be read under its address.
        let read = modern(&alice, "resources/read", json!({ "uri": attached["uri"] })).await.ok();
        assert_eq!(read["result"]["contents"][0]["text"], attached["text"], "{read}");
    }
}

#[tokio::test]
async fn a_scope_is_summarized_from_its_newest_memories() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for (text, category) in [("Ferris is the cat", "office"), ("Tea is at four", "habits")] {
        call(&alice, "add_memory", json!({ "text": text, "categories": [category] })).await;
    }
    let arguments = json!({ "scope": "personal", "category": "habits" });
    let params = json!({ "name": "summarize-team-knowledge", "arguments": arguments });
    let answer = modern(&alice, "prompts/get", params).await;
    assert!(answer.text().contains("Tea is at four") && !answer.text().contains("Ferris"), "{answer}");
}

#[tokio::test]
async fn prompts_name_scopes_that_the_person_knows_and_can_write() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let team = alice.node(ScopeKind::Organization, "Lines").await;
    let arguments = json!({ "scope": team.label() });
    let params = json!({ "name": "summarize-team-knowledge", "arguments": arguments });
    let text = modern(&alice, "prompts/get", params).await.ok()["result"]["messages"][0].to_string();
    assert!(text.contains(&format!("what the organization “Lines” ({}) remembers", team.label())), "{text}");

    let keep = async |within: &[String]| {
        let mut body = json!({ "name": "k", "scopes": ["memories:read", "memories:write"] });
        if !within.is_empty() {
            body["within"] = json!(within);
        }
        let made = alice.post("/v1/api-keys", body).await.ok();
        let key = alice.with_token(made["key"].as_str().unwrap());
        let params = json!({ "name": "capture-after-answer", "arguments": { "category": "tea" } });
        modern(&key, "prompts/get", params).await.ok()["result"]["messages"][0]["content"]["text"].to_string()
    };
    let text = keep(&[]).await;
    assert!(text.contains(r#"add_memory with scope \"personal\", categories"#), "{text}");
    let text = keep(&[team.label()]).await;
    assert!(text.contains(&format!(r#"add_memory with scope \"{}\", categories"#, team.label())), "{text}");
    let other = alice.node(ScopeKind::Organization, "Colours").await;
    let text = keep(&[team.label(), other.label()]).await;
    assert!(
        text.contains("add_memory with a scope that list_scopes shows as writable, categories"),
        "{text}"
    );
}

#[tokio::test]
async fn a_summary_has_as_many_memories_as_an_answer_has_room_for() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let texts: Vec<String> = (0..100).map(|n| format!("Invoice {n} is paid")).collect();
    crate::routes::memories::add(&alice, &texts.iter().map(String::as_str).collect::<Vec<_>>(), json!({}))
        .await
        .ok();
    let lengthen = "UPDATE memories SET content = repeat('記', 29000)";
    app.database().superuser().await.batch_execute(lengthen).await.unwrap();
    let params = json!({ "name": "summarize-team-knowledge", "arguments": { "scope": "personal" } });
    let answer = modern(&alice, "prompts/get", params).await;
    assert!(answer.body.len() < 6_000_000, "{}", answer.body.len());
    let messages = &answer.ok()["result"]["messages"];
    let attached: Value =
        serde_json::from_str(messages[1]["content"]["resource"]["text"].as_str().unwrap()).unwrap();
    let count = attached["results"].as_array().unwrap().len();
    assert!((30..100).contains(&count), "{count}");
    let task = messages[0]["content"]["text"].as_str().unwrap();
    assert!(task.contains(&format!("The {count} attached memories")), "{task}");
}

#[tokio::test]
async fn arguments_of_prompts_are_checked() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for (name, arguments) in [
        ("no-such-prompt", json!({})),
        ("recall-before-answer", json!({})),
        ("recall-before-answer", json!({ "question": "  " })),
        ("recall-before-answer", json!({ "question": 7 })),
        ("recall-before-answer", json!({ "question": "a\u{0}b" })),
        ("recall-before-answer", json!({ "question": "x", "tenant": "other" })),
        ("recall-before-answer", json!({ "question": "x", "scope": "galaxy" })),
        ("summarize-team-knowledge", json!({ "scope": "team:org_01jd0000000000000000000000" })),
        ("capture-after-answer", json!([])),
        ("capture-after-answer", json!({ "scope": "galaxy" })),
    ] {
        let answer = modern(&alice, "prompts/get", json!({ "name": name, "arguments": arguments })).await;
        assert_eq!(answer.json()["error"]["code"], -32602, "{name} {arguments}: {answer}");
    }
    let params = json!({ "name": "capture-after-answer", "arguments": { "category": "decisions" } });
    let text = modern(&alice, "prompts/get", params).await;
    assert!(text.text().contains("add_memory") && text.text().contains("decisions"), "{text}");
}
