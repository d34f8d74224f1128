//! The person is asked before a memory is shown to more people, if their client can ask.

use serde_json::{Value, json};
use shared::access::ScopeKind;

use super::client::modern_with;
use super::confirmation::{memory, question, round, says, unasked};
use crate::harness::{Actor, TestApp};

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
