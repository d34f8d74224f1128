//! `POST /v3/memories/add/`.

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role};

use super::{add, list, one, remember_with, team};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn messages_are_stored_as_they_are() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let body = json!({
        "messages": [
            { "role": "user", "content": " I prefer tea.  " },
            { "role": "system", "content": "Be brief" },
            { "role": "assistant", "content": "Noted: tea" },
        ],
        "infer": false, "user_id": "alice", "agent_id": "bot", "app_id": "shop", "run_id": "r1",
        "metadata": { "source": "chat" }, "categories": ["drinks"], "timestamp": 1_767_225_600,
        "expiration_date": "2030-01-31",
    });
    let answer = alice.post("/v3/memories/add/", body).await;
    insta::assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "event_id": "[evt#1]",
      "extractor": "verbatim",
      "message": "Messages stored as they are",
      "results": [
        {
          "data": {
            "memory": " I prefer tea.  "
          },
          "event": "ADD",
          "id": "[mem#1]"
        },
        {
          "data": {
            "memory": "Be brief"
          },
          "event": "SKIP",
          "id": null,
          "reason": "system messages are not remembered"
        },
        {
          "data": {
            "memory": "Noted: tea"
          },
          "event": "ADD",
          "id": "[mem#2]"
        }
      ],
      "status": "SUCCEEDED"
    }
    "#);
    let id = answer.json()["results"][0]["id"].as_str().unwrap().to_owned();
    insta::assert_json_snapshot!(alice.get(&one(&id)).await.snapshot(), @r#"
    {
      "agent_id": "bot",
      "app_id": "shop",
      "author_id": "[usr#1]",
      "categories": [
        "drinks"
      ],
      "classification": "internal",
      "created_at": "2026-03-02T09:00:00Z",
      "expiration_date": "2030-01-31",
      "id": "[mem#1]",
      "lifecycle_state": "active",
      "memory": " I prefer tea.  ",
      "metadata": {
        "source": "chat"
      },
      "replaced_by": null,
      "scope": "personal",
      "session_id": "r1",
      "structured_attributes": {
        "day": 2,
        "day_of_week": "monday",
        "day_of_year": 61,
        "hour": 9,
        "is_weekend": false,
        "minute": 0,
        "month": 3,
        "quarter": 1,
        "week_of_year": 10,
        "year": 2026
      },
      "synthesized": false,
      "timestamp": "2026-01-01T00:00:00Z",
      "updated_at": "2026-03-02T09:00:00Z",
      "user_id": "alice",
      "version": 1
    }
    "#);
}

#[tokio::test]
async fn statements_are_picked_by_rules_and_the_answer_says_so() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let body = json!({
        "messages": [{ "role": "user", "content": "Thanks! I moved to Lisbon in March." }],
        "user_id": "alice", "custom_instructions": "only cities",
    });
    let added = alice.post("/v3/memories/add/", body).await.ok();
    assert_eq!(added["extractor"], "deterministic");
    assert!(added["message"].as_str().unwrap().contains("no language model"));
    assert_eq!(added["ignored"], json!(["custom_instructions"]));
    let events: Vec<&Value> = added["results"].as_array().unwrap().iter().map(|r| &r["event"]).collect();
    assert_eq!(events, ["ADD", "SKIP"]);
    assert_eq!(list(&alice, json!({})).await, ["I moved to Lisbon in March."]);
}

#[tokio::test]
async fn a_memory_lives_where_it_was_put() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    let mia = alice.colleague("mia", &team, Role::Member).await;
    let id = remember_with(&mia, "The release is on Friday", json!({ "scope": team.label() })).await;
    assert_eq!(mia.get(&one(&id)).await.ok()["scope"], team.label());
    assert_eq!(list(&mia, json!({})).await, [""; 0], "it is not their own");
    assert_eq!(list(&mia, json!({ "scope": team.label() })).await, ["The release is on Friday"]);
    for scope in ["enterprise", "public"] {
        remember_with(&alice, "We work from Lisbon", json!({ "scope": scope })).await;
        assert_eq!(list(&mia, json!({ "scope": scope })).await, ["We work from Lisbon"]);
    }
}

#[tokio::test]
async fn only_members_add_and_nobody_adds_where_they_cannot_see() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let (team, sibling) = (team(&alice, "Alpha").await, team(&alice, "Beta").await);
    let vera = alice.colleague("vera", &team, Role::Viewer).await;
    let to = |scope: String| json!({ "scope": scope });
    add(&vera, &["x"], to(team.label())).await.assert_problem(403, "forbidden", None);
    add(&vera, &["x"], to("enterprise".to_owned())).await.assert_problem(403, "forbidden", None);
    add(&vera, &["x"], to(sibling.label())).await.assert_problem(404, "not-found", None);
    add(&bob, &["x"], to(team.label())).await.assert_problem(404, "not-found", None);
    let kind = to(format!("division:{}", team.id));
    add(&alice, &["x"], kind).await.assert_problem(404, "not-found", None);
    let reader = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    add(&reader, &["x"], json!({})).await.assert_problem(403, "forbidden", None);
    let everything = json!({ "scope": "all" });
    assert_eq!(list(&alice, everything).await, [""; 0]);
}

#[tokio::test]
async fn wrong_input_is_refused_with_its_place_and_nothing_is_stored() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let text = json!([{ "role": "user", "content": "I like tea" }]);
    let with = |name: &str, value: Value| json!({ "messages": text, "infer": false, name: value });
    for (body, field) in [
        (json!({}), Some("messages")),
        (json!({ "messages": [] }), Some("messages")),
        (json!({ "messages": 7 }), Some("messages")),
        (json!({ "messages": [{ "content": "no role" }] }), Some("messages[0].role")),
        (json!({ "messages": [["user", "I like tea"]] }), Some("messages[0]")),
        (json!({ "messages": [{ "role": "user", "content": 7 }] }), Some("messages[0].content")),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url" }] }] }),
            Some("messages[0].content[0]"),
        ),
        (
            json!({ "messages": [{ "role": "user", "content": "x".repeat(30_001) }], "infer": false }),
            Some("messages[0].content"),
        ),
        (with("user_id", json!("")), Some("user_id")),
        (with("user_id", json!("*")), Some("user_id")),
        (with("user_id", json!(7)), Some("user_id")),
        (with("agent_id", json!("a\nb")), Some("agent_id")),
        (with("run_id", json!("x".repeat(257))), Some("run_id")),
        (with("metadata", json!([])), Some("metadata")),
        (with("metadata", json!({ "a": "x".repeat(40_000) })), Some("metadata")),
        (with("categories", json!([""])), Some("categories[0]")),
        (with("expiration_date", json!("31.01.2030")), Some("expiration_date")),
        (with("expiration_date", json!("2026-03-01")), Some("expiration_date")),
        (with("timestamp", json!("yesterday")), Some("timestamp")),
        (with("timestamp", json!(true)), Some("timestamp")),
        (with("scope", json!("everyone")), Some("scope")),
        (with("scope", json!("team:nonsense")), Some("scope")),
        (with("immutable", json!(true)), Some("immutable")),
        (with("filters", json!({ "user_id": "a", "AND": [] })), Some("filters.AND")),
        (with("nonsense", json!(1)), Some("nonsense")),
    ] {
        alice.post("/v3/memories/add/", body).await.assert_problem(400, "invalid", field);
    }
    let differing = json!({ "messages": text, "user_id": "a", "filters": { "user_id": "b" } });
    alice.post("/v3/memories/add/", differing).await.assert_problem(400, "invalid", Some("user_id"));
    let nul = json!({ "messages": [{ "role": "user", "content": "a\0b" }] });
    alice.post("/v3/memories/add/", nul).await.assert_problem(400, "invalid", Some("messages[0].content"));
    let count = "SELECT count(*) FROM memories";
    let stored: i64 = app.database().superuser().await.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn mem0s_typed_options_name_entities_in_filters() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let id = remember_with(&alice, "I like tea", json!({ "filters": { "user_id": "alice" } })).await;
    assert_eq!(alice.get(&one(&id)).await.ok()["user_id"], "alice");
}

#[tokio::test]
async fn every_addition_is_audited() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let id = remember_with(&alice, "I like tea", json!({})).await;
    let entries = "SELECT details::text FROM audit_log WHERE action = 'memory.remember' AND actor_id = $1";
    let client = app.database().superuser().await;
    let entries = client.query(entries, &[&alice.user.uuid()]).await.unwrap();
    assert_eq!(entries.len(), 1);
    let details: &str = entries[0].get(0);
    // With the space: an id can spell tea.
    assert!(details.contains(&id) && !details.contains("like tea"), "{details}");
}

#[tokio::test]
async fn the_speaker_is_kept_in_the_metadata() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    for (infer, text) in [(false, "I'll buy the paint on Saturday."), (true, "I moved to Lisbon in March.")] {
        let messages = json!([{ "role": "user", "name": "Tom", "content": text }]);
        let body = json!({ "messages": messages, "infer": infer, "metadata": { "source": "chat" } });
        let added = alice.post("/v3/memories/add/", body).await.ok();
        let memory = alice.get(&one(added["results"][0]["id"].as_str().unwrap())).await.ok();
        let expected = json!({ "source": "chat", "actor_id": "Tom", "role": "user" });
        assert_eq!(memory["metadata"], expected, "{memory}");
    }
    // What the caller says of it themselves counts.
    let messages = json!([{ "role": "assistant", "name": "bot-7", "content": "The paint is blue" }]);
    let body = json!({ "messages": messages, "infer": false, "metadata": { "actor_id": "Bot" } });
    alice.post("/v3/memories/add/", body).await.ok();
    let of_bot = json!({ "filters": { "metadata": { "actor_id": "Bot", "role": "assistant" } } });
    assert_eq!(list(&alice, of_bot).await, ["The paint is blue"]);
}
