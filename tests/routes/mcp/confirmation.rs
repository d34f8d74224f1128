//! The person is asked before something is destroyed, if their client can ask.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::ScopeKind;

use super::client::{call, modern_with};
use crate::harness::{Actor, Answer, TestApp};

/// Adds a memory; its id.
pub(super) async fn memory(actor: &Actor, text: &str) -> String {
    let added = call(actor, "add_memory", json!({ "text": text, "user_id": "ada" })).await;
    added["results"][0]["id"].as_str().unwrap().to_owned()
}

/// One round of a call by a client that can ask.
pub(super) async fn round(actor: &Actor, tool: &str, arguments: &Value, more: Value) -> Answer {
    let mut params = json!({ "name": tool, "arguments": arguments });
    for (name, value) in more.as_object().unwrap() {
        params[name] = value.clone();
    }
    modern_with(actor, "tools/call", params, json!({ "elicitation": { "form": {} } })).await
}

/// The state that a first round gives out.
pub(super) async fn asked(actor: &Actor, tool: &str, arguments: &Value) -> String {
    let answer = round(actor, tool, arguments, json!({})).await;
    let result = &answer.ok()["result"];
    assert_eq!(result["resultType"], "input_required", "{answer}");
    assert_eq!(result["inputRequests"]["confirm"]["method"], "elicitation/create", "{answer}");
    result["requestState"].as_str().unwrap().to_owned()
}

pub(super) fn says(action: &str, confirm: bool, state: &str) -> Value {
    let answer = json!({ "action": action, "content": { "confirm": confirm } });
    json!({ "inputResponses": { "confirm": answer }, "requestState": state })
}

async fn is_there(actor: &Actor, id: &str) -> bool {
    use crate::harness::Client as _;
    actor.get(&format!("/v1/memories/{id}/")).await.status == 200
}

#[tokio::test]
async fn a_memory_is_deleted_once_the_person_agrees() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let id = memory(&alice, "Ada keeps bees").await;
    let arguments = json!({ "memory_id": id });
    let question = round(&alice, "delete_memory", &arguments, json!({})).await.ok();
    let question =
        question["result"]["inputRequests"]["confirm"]["params"]["message"].as_str().unwrap().to_owned();
    assert!(question.contains("Ada keeps bees"), "{question}");
    let state = asked(&alice, "delete_memory", &arguments).await;
    assert!(is_there(&alice, &id).await, "asking deletes nothing");

    for (action, confirm) in [("accept", false), ("decline", true), ("cancel", true)] {
        let state = asked(&alice, "delete_memory", &arguments).await;
        let declined = round(&alice, "delete_memory", &arguments, says(action, confirm, &state)).await.ok();
        assert_eq!(declined["result"]["isError"], true, "{declined}");
        assert!(is_there(&alice, &id).await, "{action}");
        // Nor does an agreement help that comes after the refusal.
        let changed = round(&alice, "delete_memory", &arguments, says("accept", true, &state)).await.ok();
        assert_eq!(changed["result"]["resultType"], "input_required", "{changed}");
        assert!(is_there(&alice, &id).await, "{action}");
    }
    let done = round(&alice, "delete_memory", &arguments, says("accept", true, &state)).await.ok();
    assert_eq!(done["result"]["structuredContent"], json!({ "id": id, "deleted": true }), "{done}");
    assert_eq!(done["result"]["resultType"], "complete");
    assert!(!is_there(&alice, &id).await);
}

#[tokio::test]
async fn an_agreement_is_good_for_one_deletion() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    memory(&alice, "Ada keeps bees").await;
    let arguments = json!({ "user_id": "ada" });
    let state = asked(&alice, "delete_all_memories", &arguments).await;
    let agreed = says("accept", true, &state);
    let done = round(&alice, "delete_all_memories", &arguments, agreed.clone()).await.ok();
    assert_eq!(done["result"]["structuredContent"]["deleted"], 1, "{done}");
    // What was remembered since then was not agreed about.
    let later = memory(&alice, "Ada sails on Sundays").await;
    let again = round(&alice, "delete_all_memories", &arguments, agreed).await.ok();
    assert_eq!(again["result"]["resultType"], "input_required", "{again}");
    assert!(is_there(&alice, &later).await);
    let next = asked(&alice, "delete_all_memories", &arguments).await;
    assert_ne!(next, state, "no two questions are the same");
}

#[tokio::test]
async fn an_agreement_fits_only_the_request_it_was_given_for() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let colleague = alice.stranger("carol").await;
    let id = memory(&alice, "Ada keeps bees").await;
    let other = memory(&alice, "Ada sails on Sundays").await;
    let arguments = json!({ "memory_id": id });
    let state = asked(&alice, "delete_memory", &arguments).await;
    let theirs = memory(&colleague, "Carol has a boat").await;
    let of_colleague = asked(&colleague, "delete_memory", &json!({ "memory_id": theirs })).await;
    let (kid, rest) = state.split_once('.').unwrap();
    let (text, code) = rest.split_once('.').unwrap();
    let forged = [
        format!("{state}x"),
        format!("{kid}.{text}."),
        format!("{kid}.{}.{code}", text.replacen('e', "f", 1)),
        format!("unknown.{text}.{code}"),
        String::new(),
        "a.b.c.d".to_owned(),
        of_colleague,
    ];
    for state in forged {
        let refused = round(&alice, "delete_memory", &arguments, says("accept", true, &state)).await;
        assert_eq!(refused.json()["error"]["code"], -32602, "{refused}");
    }
    let elsewhere =
        [("delete_memory", json!({ "memory_id": other })), ("delete_entities", json!({ "user_id": "ada" }))];
    for (tool, arguments) in elsewhere {
        let refused = round(&alice, tool, &arguments, says("accept", true, &state)).await;
        assert_eq!(refused.json()["error"]["code"], -32602, "{refused}");
    }
    assert!(is_there(&alice, &id).await && is_there(&alice, &other).await);
}

#[tokio::test]
async fn what_is_late_missing_or_wrong_is_asked_again_or_refused() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let arguments = json!({ "memory_id": memory(&alice, "Ada keeps bees").await });
    let state = asked(&alice, "delete_memory", &arguments).await;
    let input_required = async |more: Value| {
        let answer = round(&alice, "delete_memory", &arguments, more).await.ok();
        assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    };
    input_required(json!({ "requestState": state })).await;
    input_required(json!({ "requestState": state, "inputResponses": { "other": {} } })).await;
    let mut without_state = says("accept", true, &state);
    without_state.as_object_mut().unwrap().remove("requestState");
    input_required(without_state).await;
    for wrong in [json!(7), json!({ "confirm": 7 }), json!({ "confirm": { "action": "maybe" } })] {
        let more = json!({ "requestState": state, "inputResponses": wrong });
        let refused = round(&alice, "delete_memory", &arguments, more).await;
        assert_eq!(refused.json()["error"]["code"], -32602, "{refused}");
    }
    app.advance(TimeDelta::minutes(11));
    input_required(says("accept", true, &state)).await;
}

/// Capabilities without a form that could be put before anybody.
fn incapable() -> [Value; 3] {
    [json!({}), json!({ "elicitation": { "url": {} } }), json!({ "sampling": {} })]
}

#[tokio::test]
async fn what_somebody_said_counts_whatever_their_client_says_that_it_can_do() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let id = memory(&alice, "Ada keeps bees").await;
    let arguments = json!({ "memory_id": id });
    let retry = async |capabilities: Value, more: Value| {
        let mut params = more;
        params["name"] = json!("delete_memory");
        params["arguments"] = arguments.clone();
        modern_with(&alice, "tools/call", params, capabilities).await
    };
    for capabilities in incapable() {
        let state = asked(&alice, "delete_memory", &arguments).await;
        for forged in [format!("{state}x"), "garbage".to_owned(), String::new()] {
            for action in ["accept", "decline", "cancel"] {
                let answer = retry(capabilities.clone(), says(action, true, &forged)).await;
                assert_eq!(answer.json()["error"]["code"], -32602, "{answer}");
            }
        }
        // There is no question that it could be the answer to, and none can be put.
        for more in [says("decline", true, &state), says("accept", true, &state)] {
            let mut without_state = more;
            without_state.as_object_mut().unwrap().remove("requestState");
            let answer = retry(capabilities.clone(), without_state).await;
            answer.assert_status(400);
            assert_eq!(answer.json()["error"]["code"], -32021, "{answer}");
            let required = &answer.json()["error"]["data"]["requiredCapabilities"];
            assert_eq!(required, &json!({ "elicitation": { "form": {} } }));
        }
        let answer = retry(capabilities.clone(), json!({ "requestState": state })).await;
        assert_eq!(answer.json()["error"]["code"], -32021, "{answer}");
        let declined = retry(capabilities.clone(), says("decline", true, &state)).await.ok();
        assert_eq!(declined["result"]["isError"], true, "{declined}");
        let again = retry(capabilities, says("accept", true, &state)).await;
        assert_eq!(again.json()["error"]["code"], -32021, "an answer counts once: {again}");
        assert!(is_there(&alice, &id).await);
    }
    let state = asked(&alice, "delete_memory", &arguments).await;
    let done = retry(json!({}), says("accept", true, &state)).await.ok();
    assert_eq!(done["result"]["structuredContent"]["deleted"], true, "{done}");
}

#[tokio::test]
async fn clients_that_cannot_ask_are_not_asked() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for capabilities in incapable() {
        let params = json!({
            "name": "delete_memory", "arguments": { "memory_id": memory(&alice, "Ada keeps bees").await },
        });
        let answer = modern_with(&alice, "tools/call", params, capabilities).await.ok();
        assert_eq!(answer["result"]["structuredContent"]["deleted"], true, "{answer}");
    }
}

/// What the person is asked, and the state for their answer.
pub(super) async fn question(actor: &Actor, tool: &str, arguments: &Value) -> (String, String) {
    let answer = round(actor, tool, arguments, json!({})).await.ok();
    let result = &answer["result"];
    assert_eq!(result["resultType"], "input_required", "{answer}");
    let text = result["inputRequests"]["confirm"]["params"]["message"].as_str().unwrap().to_owned();
    (text, result["requestState"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_question_says_how_many_and_where_and_covers_what_was_there_then() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let team = alice.node(ScopeKind::Organization, "Bees and honey").await;
    for (text, scope) in [
        ("Ada keeps bees", team.label()),
        ("Ada sails on Sundays", team.label()),
        ("Ada is my aunt", "personal".to_owned()),
    ] {
        call(&alice, "add_memory", json!({ "text": text, "user_id": "ada", "scope": scope })).await;
    }
    let arguments = json!({ "user_id": "ada", "scope": team.label() });
    for (tool, count) in [("delete_all_memories", 2), ("delete_entities", 1)] {
        let (text, state) = question(&alice, tool, &arguments).await;
        let many = if count == 1 { "1 memory".to_owned() } else { format!("{count} memories") };
        for told in [many.as_str(), "user_id \"ada\"", "“Bees and honey”", "cannot be undone"] {
            assert!(text.contains(told), "{told}: {text}");
        }
        app.advance(TimeDelta::seconds(1));
        let later =
            json!({ "text": format!("Ada was told of {tool}"), "user_id": "ada", "scope": team.label() });
        let later = call(&alice, "add_memory", later).await["results"][0]["id"].as_str().unwrap().to_owned();
        let done = round(&alice, tool, &arguments, says("accept", true, &state)).await.ok();
        assert_eq!(done["result"]["structuredContent"]["deleted"], count, "{done}");
        assert!(is_there(&alice, &later).await, "nobody agreed about it");
    }
    let (text, _) = question(&alice, "delete_all_memories", &json!({ "user_id": "ada" })).await;
    assert!(text.contains("1 memory with") && text.contains("your personal memories"), "{text}");
}

pub(super) async fn unasked(actor: &Actor, tool: &str, arguments: &Value) -> String {
    let answer = round(actor, tool, arguments, json!({})).await.ok();
    assert_ne!(answer["result"]["resultType"], "input_required", "{answer}");
    answer["result"]["content"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nobody_is_asked_about_what_they_may_not_do_or_what_is_nothing() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let viewer = alice.enterprise_colleague("viewer", shared::access::Role::Viewer).await;
    let shared = json!({ "text": "Ada keeps bees", "user_id": "ada", "scope": "enterprise" });
    let id = call(&alice, "add_memory", shared).await["results"][0]["id"].as_str().unwrap().to_owned();
    let refused = unasked(&viewer, "delete_memory", &json!({ "memory_id": id })).await;
    assert!(refused.contains("needs"), "{refused}");
    let nobody = json!({ "memory_id": id, "with": "person:nobody@nowhere.example" });
    let refused = unasked(&alice, "share_memory", &nobody).await;
    assert_eq!(refused, "person:nobody@nowhere.example not found");
    let secret = json!({ "text": "The merger", "classification": "confidential" });
    let secret = call(&alice, "add_memory", secret).await["results"][0]["id"].as_str().unwrap().to_owned();
    for (tool, arguments) in [
        ("share_memory", json!({ "memory_id": secret, "with": "enterprise" })),
        ("move_memory", json!({ "memory_id": secret, "scope": "enterprise" })),
    ] {
        assert!(unasked(&alice, tool, &arguments).await.contains("confidential"), "{tool}");
    }
    for tool in ["delete_all_memories", "delete_entities"] {
        assert!(unasked(&alice, tool, &json!({ "user_id": "zz" })).await.contains("\"deleted\":0"), "{tool}");
    }
    assert!(is_there(&alice, &id).await);
}

/// Shares through a client that cannot ask; returns the share.
#[tokio::test]
async fn a_sweep_spares_what_was_changed_after_the_question() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let (kept, gone) = (memory(&alice, "Ada keeps bees").await, memory(&alice, "Ada sails on Sundays").await);
    let arguments = json!({ "user_id": "ada" });
    let (_, state) = question(&alice, "delete_all_memories", &arguments).await;
    app.advance(TimeDelta::seconds(1));
    call(&alice, "update_memory", json!({ "memory_id": kept, "text": "The alarm code is 4711" })).await;
    let done = round(&alice, "delete_all_memories", &arguments, says("accept", true, &state)).await.ok();
    assert_eq!(done["result"]["structuredContent"]["deleted"], 1, "{done}");
    assert!(is_there(&alice, &kept).await && !is_there(&alice, &gone).await);
}
