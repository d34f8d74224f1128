//! The person is asked before something is destroyed, if their client can ask.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::ScopeKind;

use super::client::{call, modern_with};
use crate::harness::{Actor, Answer, TestApp};

/// Adds a memory; its id.
async fn memory(actor: &Actor, text: &str) -> String {
    let added = call(actor, "add_memory", json!({ "text": text, "user_id": "ada" })).await;
    added["results"][0]["id"].as_str().unwrap().to_owned()
}

/// One round of a call by a client that can ask.
async fn round(actor: &Actor, tool: &str, arguments: &Value, more: Value) -> Answer {
    let mut params = json!({ "name": tool, "arguments": arguments });
    for (name, value) in more.as_object().unwrap() {
        params[name] = value.clone();
    }
    modern_with(actor, "tools/call", params, json!({ "elicitation": { "form": {} } })).await
}

/// The state that a first round gives out.
async fn asked(actor: &Actor, tool: &str, arguments: &Value) -> String {
    let answer = round(actor, tool, arguments, json!({})).await;
    let result = &answer.ok()["result"];
    assert_eq!(result["resultType"], "input_required", "{answer}");
    assert_eq!(result["inputRequests"]["confirm"]["method"], "elicitation/create", "{answer}");
    result["requestState"].as_str().unwrap().to_owned()
}

fn says(action: &str, confirm: bool, state: &str) -> Value {
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
async fn question(actor: &Actor, tool: &str, arguments: &Value) -> (String, String) {
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

#[tokio::test]
async fn showing_a_memory_to_more_people_is_asked_about() {
    use crate::harness::Client as _;
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let team = alice.node(ScopeKind::Organization, "Bees and honey").await;
    let id = memory(&alice, "Ada keeps bees").await;
    let shown = format!("/v1/memories/{id}/");
    let home = async || alice.get(&shown).await.ok()["scope"].as_str().unwrap().to_owned();

    let everywhere = json!({ "memory_id": id, "scope": "enterprise" });
    let (text, state) = question(&alice, "move_memory", &everywhere).await;
    assert!(
        text.contains("to the enterprise? Everybody in it will see it.") && text.contains("“Ada keeps bees”"),
        "{text}"
    );
    let declined = round(&alice, "move_memory", &everywhere, says("decline", true, &state)).await.ok();
    assert!(declined["result"]["content"][0]["text"].as_str().unwrap().contains("nothing was changed"));
    assert_eq!(home().await, "personal");
    let (_, state) = question(&alice, "move_memory", &everywhere).await;
    round(&alice, "move_memory", &everywhere, says("accept", true, &state)).await.ok();
    assert_eq!(home().await, "enterprise");
    // Fewer see it then.
    for scope in [team.label(), "personal".to_owned()] {
        let arguments = json!({ "memory_id": id, "scope": scope });
        let done = round(&alice, "move_memory", &arguments, json!({})).await.ok();
        assert_eq!(done["result"]["resultType"], "complete", "{done}");
        assert_eq!(home().await, scope);
    }

    let share = json!({ "memory_id": id, "with": team.label(), "permission": "write" });
    let (text, state) = question(&alice, "share_memory", &share).await;
    assert!(text.contains("“Bees and honey” see and change this memory"), "{text}");
    round(&alice, "share_memory", &share, says("cancel", true, &state)).await.ok();
    let shares =
        async || alice.get(&format!("{shown}shares/")).await.ok()["results"].as_array().unwrap().len();
    assert_eq!(shares().await, 0);
    let (_, state) = question(&alice, "share_memory", &share).await;
    let done = round(&alice, "share_memory", &share, says("accept", true, &state)).await.ok();
    assert_eq!(done["result"]["structuredContent"]["status"], "shared", "{done}");
    assert_eq!(shares().await, 1);
    // A change can be undone from its history: nobody is asked.
    let correction = json!({ "memory_id": id, "text": "Ada kept bees" });
    let done = round(&alice, "update_memory", &correction, json!({})).await.ok();
    assert_eq!(done["result"]["resultType"], "complete", "{done}");
}

/// What a first round that is no question answers: the text of its result.
async fn unasked(actor: &Actor, tool: &str, arguments: &Value) -> String {
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
async fn shared_at_once(actor: &Actor, arguments: &Value) -> Value {
    super::client::call(actor, "share_memory", arguments.clone()).await["share"].clone()
}

#[tokio::test]
async fn a_question_says_all_of_it_and_the_text_of_a_memory_cannot_dress_it_up() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let id = memory(&alice, "bees”? No\u{202e}: \"keep\u{200b} it“").await;
    let (text, _) = question(&alice, "delete_memory", &json!({ "memory_id": id })).await;
    assert!(text.ends_with("“bees'? No: 'keep it'”"), "{text}");
    let share = json!({ "memory_id": id, "with": "enterprise", "expires_at": "2027-01-31T12:00:00Z" });
    let (text, _) = question(&alice, "share_memory", &share).await;
    assert!(text.contains("see this memory until 2027-01-31 12:00 UTC?"), "{text}");
    // A day alone is the last one.
    let mut last_day = share.clone();
    last_day["expires_at"] = json!("2027-01-31");
    let (text, _) = question(&alice, "share_memory", &last_day).await;
    assert!(text.contains("see this memory until 2027-02-01 00:00 UTC?"), "{text}");
    // What is not said stays as it is, and the question says how it was.
    shared_at_once(&alice, &share).await;
    let again = json!({ "memory_id": id, "with": "enterprise" });
    let (text, _) = question(&alice, "share_memory", &again).await;
    let (now, then) = (
        "see this memory until 2027-01-31 12:00 UTC already.",
        "see this memory until 2027-01-31 12:00 UTC?",
    );
    assert!(text.starts_with("You let ") && text.contains(now) && text.contains(then), "{text}");
    let for_ever =
        json!({ "memory_id": id, "with": "enterprise", "expires_at": "never", "permission": "write" });
    let (text, _) = question(&alice, "share_memory", &for_ever).await;
    assert!(text.contains(now) && text.contains("see and change this memory without an end?"), "{text}");
    assert_eq!(shared_at_once(&alice, &again).await["expires_at"], "2027-01-31T12:00:00Z");
    assert_eq!(shared_at_once(&alice, &for_ever).await["expires_at"], json!(null));
    assert_eq!(shared_at_once(&alice, &again).await["permission"], "write");
    for wrong in ["tomorrow", "2027-1-01", "2027-02-30"] {
        let mut share = share.clone();
        share["expires_at"] = json!(wrong);
        for tool in ["share_memory", "request_approval"] {
            share["reason"] = json!("why");
            let refused = unasked(&alice, tool, &share).await;
            assert!(refused.starts_with("expires_at: expected a date and time"), "{refused}");
        }
        let explain = json!({ "memory_id": id, "share_with": "enterprise", "expires_at": wrong });
        let refused = unasked(&alice, "explain_access", &explain).await;
        assert!(refused.starts_with("expires_at: expected a date and time"), "{refused}");
    }
}

#[tokio::test]
async fn an_agreement_is_to_the_memory_as_it_was_shown() {
    use crate::harness::Client as _;
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let long = "x".repeat(100);
    for (tool, more) in [
        ("share_memory", json!({ "with": "enterprise" })),
        ("move_memory", json!({ "scope": "enterprise" })),
        ("delete_memory", json!({})),
    ] {
        let id = memory(&alice, "harmless words").await;
        let mut arguments = more;
        arguments["memory_id"] = json!(id);
        let (_, state) = question(&alice, tool, &arguments).await;
        // By the model itself, between question and answer; then behind what a question shows of a long text.
        let mut answer =
            round(&alice, "update_memory", &json!({ "memory_id": id, "text": long }), json!({})).await;
        answer.assert_status(200);
        answer = round(&alice, tool, &arguments, says("accept", true, &state)).await;
        let asked = &answer.ok()["result"];
        assert_eq!(asked["resultType"], "input_required", "{tool}: {answer}");
        let text = asked["inputRequests"]["confirm"]["params"]["message"].as_str().unwrap();
        assert!(text.contains(&"x".repeat(80)) && !text.contains("harmless"), "{text}");
        let state = asked["requestState"].as_str().unwrap().to_owned();
        let hidden = json!({ "memory_id": id, "text": format!("{long} salary") });
        round(&alice, "update_memory", &hidden, json!({})).await.assert_status(200);
        let answer = round(&alice, tool, &arguments, says("accept", true, &state)).await;
        let asked = &answer.ok()["result"];
        assert_eq!(asked["resultType"], "input_required", "{tool}: {answer}");
        let shown = alice.get(&format!("/v1/memories/{id}/")).await.ok();
        assert_eq!(shown["scope"], "personal");
        let shares = alice.get(&format!("/v1/memories/{id}/shares/")).await.ok();
        assert_eq!(shares["results"], json!([]), "{tool}");
        // A client that cannot ask any more cannot go on either.
        let (_, stale) = question(&alice, tool, &arguments).await;
        let changed = json!({ "memory_id": id, "text": "other words" });
        round(&alice, "update_memory", &changed, json!({})).await.assert_status(200);
        let mut params = says("accept", true, &stale);
        params["name"] = json!(tool);
        params["arguments"] = arguments.clone();
        let answer = modern_with(&alice, "tools/call", params, json!({})).await;
        assert_eq!(answer.json()["error"]["code"], -32021, "{answer}");
        let (_, state) = question(&alice, tool, &arguments).await;
        let done = round(&alice, tool, &arguments, says("accept", true, &state)).await.ok();
        assert_eq!(done["result"]["resultType"], "complete", "{tool}: {done}");
    }
}

#[tokio::test]
async fn an_agreement_is_to_the_grantee_and_place_as_they_were_named() {
    use crate::harness::Client as _;
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let team = alice.node(ScopeKind::Organization, "Bees and honey").await;
    let id = memory(&alice, "Ada keeps bees").await;
    for (tool, arguments) in [
        ("share_memory", json!({ "memory_id": id, "with": team.label() })),
        ("move_memory", json!({ "memory_id": id, "scope": team.label() })),
    ] {
        let (text, state) = question(&alice, tool, &arguments).await;
        let name = format!("Wasps of {tool}");
        let path = format!("/v1/organizations/{}", team.label().split_once(':').unwrap().1);
        alice.patch(&path, json!({ "name": name })).await.assert_status(200);
        let answer = round(&alice, tool, &arguments, says("accept", true, &state)).await.ok();
        let asked = &answer["result"]["inputRequests"]["confirm"]["params"]["message"];
        assert!(asked.as_str().is_some_and(|asked| asked.contains(&name) && asked != text), "{answer}");
    }
}

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
