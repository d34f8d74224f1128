//! `POST /v3/memories/import/`.

use http::Request;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{list, one, remember, search, team};
use crate::harness::{Actor, Answer, Client as _, TestApp};

async fn send(actor: &Actor, lines: &str, key: Option<&str>) -> Answer {
    let mut request = Request::post("/v3/memories/import/").header("content-type", "application/x-ndjson");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    actor.send(request.body(lines.to_owned().into()).unwrap()).await
}

async fn import(actor: &Actor, lines: &[Value]) -> Value {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    send(actor, &lines.join("\n"), None).await.ok()
}

#[tokio::test]
async fn every_line_becomes_a_memory_of_its_own() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let imported = import(
        &alice,
        &[
            json!({
                "memory": "The violin lesson moved to Friday", "user_id": "alice", "agent_id": "bot",
                "metadata": { "source": "notes" }, "categories": ["music"], "timestamp": "2026-01-02",
                "expiration_date": "2030-01-31",
            }),
            json!({ "memory": "Lisbon needs a second rocket", "scope": "enterprise" }),
        ],
    )
    .await;
    assert_eq!(
        (&imported["added"], &imported["skipped"], &imported["refused"]),
        (&json!(2), &json!(0), &json!(0))
    );
    let first = alice.get(&one(imported["results"][0]["id"].as_str().unwrap())).await.ok();
    assert_eq!(first["memory"], "The violin lesson moved to Friday");
    assert_eq!((&first["user_id"], &first["agent_id"]), (&json!("alice"), &json!("bot")));
    assert_eq!(
        (&first["metadata"], &first["categories"]),
        (&json!({ "source": "notes" }), &json!(["music"]))
    );
    assert_eq!(
        (&first["timestamp"], &first["expiration_date"]),
        (&json!("2026-01-02T00:00:00Z"), &json!("2030-01-31"))
    );
    assert_eq!((&first["scope"], &first["version"]), (&json!("personal"), &json!(1)));
    let second = alice.get(&one(imported["results"][1]["id"].as_str().unwrap())).await.ok();
    assert_eq!(second["scope"], "enterprise");
    assert_eq!(
        search(&alice, "violin lesson", json!({ "top_k": 1 })).await,
        ["The violin lesson moved to Friday"]
    );
}

#[tokio::test]
async fn an_import_leaves_history_an_event_and_one_audit_row() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let imported =
        import(&alice, &[json!({ "memory": "the stairs are wet" }), json!({ "memory": "" })]).await;
    let id = imported["results"][0]["id"].as_str().unwrap();
    let history = alice.get(&format!("/v1/memories/{id}/history/")).await.ok();
    assert_eq!(history[0]["event"], "ADD", "{history}");
    assert_eq!(history[0]["new_memory"], "the stairs are wet", "{history}");
    let event = alice.get(&format!("/v1/event/{}/", imported["event_id"].as_str().unwrap())).await.ok();
    assert_eq!((&event["event_type"], &event["status"]), (&json!("IMPORT"), &json!("SUCCEEDED")), "{event}");
    let client = app.database().superuser().await;
    let audit = "SELECT target, details FROM audit_log WHERE enterprise_id = $1 AND action = 'memory.import'";
    let rows = client.query(audit, &[&alice.enterprise.uuid()]).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<_, String>("target"), imported["event_id"].as_str().unwrap());
    let details: Value = rows[0].get("details");
    assert_eq!(details, json!({ "added": 1, "skipped": 0, "refused": 1, "scopes": { "personal": 1 } }));
}

#[tokio::test]
async fn a_wrong_line_is_refused_with_its_number_and_the_others_are_stored() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let theirs = team(&bob, "theirs").await;
    let lines = [
        r#"{"memory":"the garden gate is open"}"#.to_owned(),
        String::new(),
        r#"{"memory":"no end"#.to_owned(),
        r#"["memory"]"#.to_owned(),
        r#"{"memory":"  "}"#.to_owned(),
        r#"{"memory":"x","colour":"red"}"#.to_owned(),
        r#"{"memory":"x","timestamp":"soon"}"#.to_owned(),
        r#"{"memory":"x","user_id":"*"}"#.to_owned(),
        json!({ "memory": "x", "scope": theirs.label() }).to_string(),
        r#"{"memory":"the dragon sleeps"}"#.to_owned(),
    ];
    let answer = send(&alice, &lines.join("\r\n"), None).await.ok();
    let outcomes: Vec<(u64, &str, &str)> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let field = line["field"].as_str().unwrap_or_default();
            (line["line"].as_u64().unwrap(), line["event"].as_str().unwrap(), field)
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            (1, "ADD", ""),
            (3, "REFUSE", ""),
            (4, "REFUSE", ""),
            (5, "REFUSE", "memory"),
            (6, "REFUSE", "colour"),
            (7, "REFUSE", "timestamp"),
            (8, "REFUSE", "user_id"),
            (9, "REFUSE", "scope"),
            (10, "ADD", ""),
        ],
        "{answer}"
    );
    assert_eq!((&answer["added"], &answer["refused"]), (&json!(2), &json!(7)));
    assert_eq!(list(&alice, json!({})).await, ["the dragon sleeps", "the garden gate is open"]);
}

#[tokio::test]
async fn an_import_of_wrong_lines_only_answers_for_each() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let over = json!({ "memory": "x", "expiration_date": "2026-03-01" }).to_string();
    let answer = send(&alice, &format!("{{\"memory\":\"\"}}\n{{no}}\n{over}\n"), None).await.ok();
    assert_eq!((&answer["added"], &answer["refused"]), (&json!(0), &json!(3)), "{answer}");
    let reasons: Vec<&Value> = (0..3).map(|index| &answer["results"][index]["reason"]).collect();
    let over = "expiration_date has passed: today is 2026-03-02 (UTC)";
    assert_eq!(
        reasons,
        ["must not be empty", "the line is not valid JSON: key must be a string at column 2", over]
    );
    send(&alice, "\n\n", None).await.assert_problem(400, "invalid", None);
    let many = "{\"memory\":\"x\"}\n".repeat(shared::memory::MAX_LINES + 1);
    let detail = send(&alice, &many, None).await.assert_problem(400, "invalid", None);
    assert!(detail.contains("2001"), "{detail}");
    // The caller may write none of it.
    let theirs = json!({ "memory": "x", "scope": team(&bob, "theirs").await.label() }).to_string();
    send(&alice, &format!("{theirs}\n{theirs}"), None).await.assert_problem(404, "not-found", None);
    assert_eq!(list(&alice, json!({})).await, [""; 0]);
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_the_first_line() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let answer = send(&alice, "\u{feff}{\"memory\":\"the train is late\"}", None).await.ok();
    assert_eq!(answer["added"], 1, "{answer}");
}

#[tokio::test]
async fn lines_of_other_times_are_other_memories() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let lines = ["2026-01-05", "2026-02-05", "2026-01-05"]
        .map(|day| json!({ "memory": "The standup was cancelled", "timestamp": day }));
    let imported = import(&alice, &lines).await;
    assert_eq!((&imported["added"], &imported["skipped"]), (&json!(2), &json!(1)), "{imported}");
    assert_eq!(import(&alice, &lines).await["skipped"], 3);
}

#[tokio::test]
async fn what_is_known_is_not_stored_again() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let known = remember(&alice, "I prefer green tea").await;
    let lines = [
        json!({ "memory": "I prefer the green tea!" }),
        json!({ "memory": "I prefer black tea" }),
        json!({ "memory": "i prefer black  tea" }),
        // Somewhere else it is not known.
        json!({ "memory": "I prefer green tea", "user_id": "zoe" }),
    ];
    let imported = import(&alice, &lines).await;
    let events: Vec<&Value> = (0..4).map(|index| &imported["results"][index]["event"]).collect();
    assert_eq!(events, ["SKIP", "ADD", "SKIP", "ADD"], "{imported}");
    assert_eq!(imported["results"][0]["id"], json!(known));
    // Sent again, all of it is known.
    let again = import(&alice, &lines).await;
    assert_eq!((&again["added"], &again["skipped"]), (&json!(0), &json!(4)), "{again}");
}

#[tokio::test]
async fn a_key_imports_once() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let first = send(&alice, "{\"memory\":\"the train is late\"}", Some("k1")).await;
    let again = send(&alice, "{\"memory\":\"the train is late\"}", Some("k1")).await;
    assert_eq!(first.ok(), again.ok());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    send(&alice, "{\"memory\":\"the train is on time\"}", Some("k1"))
        .await
        .assert_problem(409, "conflict", None);
}

#[tokio::test]
async fn lines_go_only_where_the_caller_may_write() {
    let (_app, owner, _) = TestApp::two_tenants().await;
    let organization = owner.node(ScopeKind::Organization, "org").await;
    let ours = owner.node_in(&organization, ScopeKind::Team, "ours").await;
    let viewer = owner.colleague("vera", &ours, Role::Viewer).await;
    let lines = [json!({ "memory": "the lift is slow", "scope": ours.label() }), json!({ "memory": "mine" })];
    let imported = import(&viewer, &lines).await;
    assert_eq!(imported["results"][0]["event"], "REFUSE", "{imported}");
    assert_eq!(imported["results"][1]["event"], "ADD", "{imported}");
    assert_eq!(import(&owner, &lines[..1]).await["added"], 1);
}

#[tokio::test]
async fn a_thousand_lines_are_one_import() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let lines: Vec<Value> = (0..1000)
        .map(|number| json!({ "memory": format!("Invoice {number} of company {} is paid", number * 7), "metadata": { "n": number } }))
        .collect();
    let imported = import(&alice, &lines).await;
    assert_eq!(imported["added"], 1000, "{}", imported["results"][0]);
    let found = search(&alice, "invoice 421", json!({ "top_k": 3 })).await;
    assert!(found[0].starts_with("Invoice 421 "), "{found:?}");
}

#[tokio::test]
async fn a_line_that_a_memory_of_another_class_says_already_says_so() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let line = |class: &str| json!({ "memory": "the buyer is Contoso", "classification": class });
    import(&alice, &[line("internal")]).await;
    let imported = import(&alice, &[line("confidential")]).await;
    assert_eq!(
        imported["results"][0]["reason"],
        "same text as an existing memory, which is internal, not confidential"
    );
}
