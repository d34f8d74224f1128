//! The tools.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role};

use super::client::{LEGACY, call, content, legacy, modern, refused, send};
use crate::harness::{Actor, Answer, Client as _, TestApp};

#[tokio::test]
async fn a_memory_lives_its_life_through_the_tools() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let added = call(&alice, "add_memory", json!({ "text": "Alice drinks green tea in the morning" })).await;
    assert_eq!(added["results"][0]["event"], "ADD");
    assert_eq!(added["extractor"], "verbatim");
    let id = added["results"][0]["id"].as_str().unwrap().to_owned();

    let found = call(&alice, "search_memories", json!({ "query": "what does Alice drink?" })).await;
    assert_eq!(found["results"][0]["id"], id);
    assert_eq!(found["results"][0]["scope"], "personal");
    assert!(found["content_trust"].as_str().unwrap().starts_with("untrusted"));

    let read = call(&alice, "get_memory", json!({ "memory_id": id })).await;
    assert_eq!(read["memory"], "Alice drinks green tea in the morning");
    let changed = json!({ "memory_id": id, "text": "Alice drinks black tea in the morning" });
    assert_eq!(
        call(&alice, "update_memory", changed).await["memory"],
        "Alice drinks black tea in the morning"
    );
    let listed = call(&alice, "get_memories", json!({})).await;
    assert_eq!((listed["count"].as_u64(), listed["next_page"].clone()), (Some(1), Value::Null));

    assert_eq!(call(&alice, "delete_memory", json!({ "memory_id": id })).await["deleted"], true);
    assert_eq!(refused(&alice, "get_memory", json!({ "memory_id": id })).await, "memory not found");
}

#[tokio::test]
async fn a_search_explains_its_scores_and_packs_a_text_when_asked() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    call(&alice, "add_memory", json!({ "text": "Alice drinks green tea" })).await;
    let asked = json!({ "query": "what does Alice drink?", "explain": true, "max_tokens": 500 });
    let found = call(&alice, "search_memories", asked).await;
    let result = &found["results"][0];
    let parts = result["score_breakdown"].as_object().unwrap();
    let sum: f64 = parts.values().map(|part| part.as_f64().unwrap()).sum();
    assert!((sum.clamp(0.0, 1.0) - result["score"].as_f64().unwrap()).abs() < 0.001, "{result}");
    assert_eq!(found["context"]["memory_ids"], json!([result["id"]]));
    assert!(found["context"]["text"].as_str().unwrap().contains("Alice drinks green tea"));
    let plain = call(&alice, "search_memories", json!({ "query": "what does Alice drink?" })).await;
    assert!(plain.get("context").is_none() && plain["results"][0].get("score_breakdown").is_none());
}

#[tokio::test]
async fn messages_are_extracted_and_what_is_known_is_skipped() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let messages = json!([
        { "role": "user", "content": "Hi! My favourite colour is teal." },
        { "role": "assistant", "content": "Noted. Anything else?" },
    ]);
    let first = call(&alice, "add_memory", json!({ "messages": messages })).await;
    assert_eq!(first["extractor"], "deterministic");
    assert!(first["results"].as_array().unwrap().iter().any(|result| result["event"] == "ADD"), "{first}");
    let again = call(&alice, "add_memory", json!({ "messages": messages })).await;
    assert!(again["results"].as_array().unwrap().iter().all(|result| result["event"] == "SKIP"), "{again}");
}

/// What mem0's own tool sends: its text is required, also beside messages.
#[tokio::test]
async fn a_text_beside_messages_is_stored_as_given_and_the_messages_are_extracted() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let arguments = json!({
        "text": "Alice settled on 80 degrees for sencha",
        "messages": [
            { "role": "user", "content": "hi there, hmm let me think" },
            { "role": "assistant", "content": "Sure!" },
            { "role": "user", "content": "I brew sencha at 80 degrees." },
        ],
    });
    let added = call(&alice, "add_memory", arguments.clone()).await;
    assert_eq!(added["extractor"], "deterministic");
    let texts: Vec<&str> = added["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|result| result["event"] == "ADD")
        .map(|result| result["memory"].as_str().unwrap())
        .collect();
    assert_eq!(texts[0], "Alice settled on 80 degrees for sencha");
    assert!(texts.len() > 1 && !texts.iter().any(|text| text.contains("hmm")), "{texts:?}");
    let mut verbatim = arguments;
    verbatim["infer"] = json!(false);
    verbatim["user_id"] = json!("verbatim");
    let added = call(&alice, "add_memory", verbatim).await;
    assert_eq!((&added["extractor"], added["results"].as_array().unwrap().len()), (&json!("verbatim"), 4));
    let long = refused(&alice, "add_memory", json!({ "text": "x".repeat(30_001) })).await;
    assert!(long.starts_with("text: longer than"), "{long}");
}

#[tokio::test]
async fn a_key_without_the_personal_memories_is_told_to_name_a_scope() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let team = alice.node(shared::access::ScopeKind::Organization, "Lines").await;
    let body =
        json!({ "name": "k", "scopes": ["memories:read", "memories:write"], "within": [team.label()] });
    let made = alice.post("/v1/api-keys", body).await.ok();
    let key = alice.with_token(made["key"].as_str().unwrap());
    let why = refused(&key, "add_memory", json!({ "text": "x" })).await;
    assert!(
        why.starts_with("your personal scope is beyond this credential") && why.contains("list_scopes"),
        "{why}"
    );
    call(&key, "add_memory", json!({ "text": "x", "scope": team.label() })).await;
}

#[tokio::test]
async fn what_is_null_counts_as_not_given() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let told = json!({
        "name": "whoami", "arguments": null, "requestState": null, "inputResponses": null,
    });
    for answer in [modern(&alice, "tools/call", told.clone()).await, legacy(&alice, "tools/call", told).await]
    {
        assert_eq!(content(&answer)["user_id"], json!(alice.user));
    }
    let plain = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": null });
    send(&alice, &plain, &[("mcp-protocol-version", LEGACY)]).await.ok();
    let plain = json!({ "jsonrpc": "2.0", "method": "notifications/initialized", "params": null });
    send(&alice, &plain, &[("mcp-protocol-version", LEGACY)]).await.assert_status(202);
    for list in ["tools/list", "resources/list", "resources/templates/list", "prompts/list"] {
        let cursor = json!({ "cursor": null });
        modern(&alice, list, cursor.clone()).await.ok();
        legacy(&alice, list, cursor).await.ok();
    }
}

/// Calls a tool with arguments as they are on the wire.
async fn call_raw(actor: &Actor, arguments: &str) -> Answer {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"add_memory","arguments":{arguments}}}}}"#
    );
    let request =
        Request::post("/mcp").header("host", "mem0.test").header("content-type", "application/json");
    let request = request.header("accept", "application/json").header("mcp-protocol-version", LEGACY);
    actor.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn half_an_emoji_does_not_lose_the_text() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let added = content(&call_raw(&alice, r#"{"text":"Ada keeps bees \ud83d"}"#).await);
    assert_eq!(added["results"][0]["memory"], "Ada keeps bees \u{fffd}");
    let whole = content(&call_raw(&alice, r#"{"text":"Ada likes honey \ud83d\udc1d"}"#).await);
    assert_eq!(whole["results"][0]["memory"], "Ada likes honey \u{1f41d}");
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_by_name() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let nul = refused(&alice, "add_memory", json!({ "text": "a\0b" })).await;
    assert_eq!(nul, "text: contains a NUL character");
    let nul = refused(&alice, "search_memories", json!({ "query": "a\0b" })).await;
    assert_eq!(nul, "query: contains a NUL character");
    let long = call_raw(&alice, r#"{"text":"x","metadata":{"n":12345678901234567890123}}"#).await;
    long.assert_status(400);
    let problem = "params.arguments.metadata.n: has more than 64 bits, send it as a string";
    assert_eq!(long.json()["error"]["message"], problem);
    // What JavaScript writes for a number that it has.
    content(&call_raw(&alice, r#"{"text":"x","metadata":{"n":100000000000000000000}}"#).await);
    let far = refused(&alice, "get_memories", json!({ "page": 2001, "page_size": 100 })).await;
    assert_eq!(far, "page 2001 is too far from the first, narrow the filters");
}

#[tokio::test]
async fn scopes_are_listed_for_every_credential_that_has_to_name_one() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for (verb, listed) in [
        (ApiKeyVerb::TenancyRead, true),
        (ApiKeyVerb::MemoriesRead, true),
        (ApiKeyVerb::MemoriesWrite, true),
        (ApiKeyVerb::AuditRead, false),
    ] {
        let key = alice.with_narrow_api_key(&[verb]).await;
        let tools = modern(&key, "tools/list", json!({})).await.ok()["result"]["tools"].clone();
        let named = tools.as_array().unwrap().iter().any(|tool| tool["name"] == "list_scopes");
        assert_eq!(named, listed, "{verb:?}");
        let answer = modern(&key, "tools/call", json!({ "name": "list_scopes", "arguments": {} })).await;
        assert_eq!(answer.json()["result"]["isError"] == false, listed, "{verb:?}: {answer}");
    }
}

#[tokio::test]
async fn a_context_is_listed_with_its_own_id() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let made = alice.post("/v1/contexts/", json!({ "name": "Launch" })).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let over_rest = alice.get("/v1/scopes").await.ok();
    assert_eq!(call(&alice, "list_scopes", json!({})).await, over_rest);
    assert_eq!(over_rest["results"][0]["name"], alice.get("/v1/enterprise").await.ok()["name"]);
    for listed in [call(&alice, "list_scopes", json!({})).await, over_rest] {
        let rows = listed["results"].as_array().unwrap();
        let row = rows.iter().find(|row| row["kind"] == "context").unwrap();
        assert_eq!((&row["id"], &row["scope"]), (&json!(id), &json!(format!("context:{id}"))));
        let personal = rows.iter().find(|row| row["kind"] == "user").unwrap();
        assert_eq!(personal["id"], Value::Null);
    }
    alice.get(&format!("/v1/contexts/{id}/")).await.ok();
}

#[tokio::test]
async fn both_eras_call_the_same_tools() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let arguments =
        json!({ "name": "add_memory", "arguments": { "text": "The office cat is called Ferris" } });
    content(&legacy(&alice, "tools/call", arguments).await);
    let found = call(&alice, "search_memories", json!({ "query": "name of the office cat" })).await;
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn wrong_arguments_are_results_that_name_the_field() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let cases: [(&str, Value, &str); 10] = [
        ("search_memories", json!({ "query": "x", "max_tokens": 0 }), "max_tokens"),
        ("search_memories", json!({}), "query"),
        ("search_memories", json!({ "query": 7 }), "query"),
        ("search_memories", json!({ "query": "x", "top_k": 0 }), "top_k"),
        ("search_memories", json!({ "query": "x", "scope": "galaxy" }), "scope"),
        ("search_memories", json!({ "query": "x", "filters": { "colour": "red" } }), "colour"),
        ("search_memories", json!({ "query": "x", "tenant": "other" }), "tenant"),
        ("get_memory", json!({ "memory_id": "seven" }), "memory_id"),
        ("update_memory", json!({ "memory_id": "mem_01jd0000000000000000000000" }), "text"),
        ("add_memory", json!({}), "text"),
    ];
    for (tool, arguments, field) in cases {
        let message = refused(&alice, tool, arguments.clone()).await;
        assert!(message.contains(field), "{tool} {arguments}: {message}");
    }
    let unknown = modern(&alice, "tools/call", json!({ "name": "no_such_tool", "arguments": {} })).await;
    assert_eq!(unknown.json()["error"]["code"], -32602, "{unknown}");
}

#[tokio::test]
async fn the_list_depends_on_the_credential_only() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let viewer = alice.enterprise_colleague("vera", Role::Viewer).await;
    assert_eq!(names(&alice).await, names(&viewer).await);
    let reader = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    assert_eq!(
        names(&reader).await,
        [
            "search_memories",
            "get_memories",
            "get_memory",
            "list_entities",
            "list_events",
            "get_event_status",
            "list_scopes",
            "get_hierarchical_memories",
            "enhance_prompt",
            "explain_access",
            "whoami",
            "search",
            "fetch"
        ]
    );
    let message = refused(&reader, "add_memory", json!({ "text": "Not with this key" })).await;
    assert_eq!(message, "this API key lacks the scope memories:write");
}

async fn names(actor: &Actor) -> Vec<String> {
    let listed = modern(actor, "tools/list", json!({})).await.ok();
    let tools = listed["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// Whether a schema has one of these properties at any depth.
fn holds(schema: &Value, names: &[&str]) -> bool {
    let own = schema["properties"].as_object().into_iter().flatten();
    own.clone().any(|(name, _)| names.contains(&name.as_str()))
        || own.map(|(_, schema)| schema).chain(schema.get("items")).any(|schema| holds(schema, names))
}

#[tokio::test]
async fn whatever_holds_memory_text_says_that_it_is_not_to_be_trusted() {
    let mut marked = 0;
    for tool in mcp::tools::Tool::ALL {
        let described = serde_json::to_value(tool.describe()).unwrap();
        let output = &described["outputSchema"];
        if holds(output, &["memory", "text", "title"]) {
            assert!(holds(output, &["content_trust"]), "{}", tool.name());
            marked += 1;
        }
    }
    assert!(marked >= 10, "only {marked}");
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let added = call(&alice, "add_memory", json!({ "text": "Alice drinks green tea" })).await;
    let found = call(&alice, "search", json!({ "query": "tea" })).await;
    let fetched = call(&alice, "fetch", json!({ "id": found["results"][0]["id"] })).await;
    for mark in [&added["content_trust"], &found["content_trust"], &fetched["metadata"]["content_trust"]] {
        assert!(mark.as_str().unwrap().starts_with("untrusted"), "{mark}");
    }
}

#[tokio::test]
async fn the_tools_are_described_as_reviewed() {
    let described: Vec<_> = mcp::tools::Tool::ALL.iter().map(|tool| tool.describe()).collect();
    let described = format!("{}\n", serde_json::to_string_pretty(&described).unwrap());
    assert!(!described.contains("\"uint"), "no formats that clients do not know");
    assert!(!described.contains("\"type\": ["), "no lists of types, which some clients refuse");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api/mcp-tools.json");
    if std::fs::read_to_string(path).unwrap_or_default() != described {
        std::fs::write(path, &described).unwrap();
        panic!("docs/api/mcp-tools.json did not show the tools; it was rewritten, review and commit it");
    }
}

#[tokio::test]
async fn who_may_change_and_not_read_is_not_told_what_a_memory_says() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let arguments =
        json!({ "text": "Ada keeps bees", "metadata": { "garden": "rooftop" }, "user_id": "ada" });
    let id = call(&alice, "add_memory", arguments).await["results"][0]["id"].as_str().unwrap().to_owned();
    let writer = alice.with_narrow_api_key(&[ApiKeyVerb::MemoriesWrite]).await;
    let path = format!("/v1/memories/{id}/");
    writer.get(&path).await.assert_problem(403, "forbidden", None);
    let updated =
        call(&writer, "update_memory", json!({ "memory_id": id, "classification": "internal" })).await;
    let moved = call(&writer, "move_memory", json!({ "memory_id": id, "scope": "enterprise" })).await;
    let put = writer.put(&path, json!({ "categories": ["hobbies"] })).await.ok();
    let back = writer.put(&format!("{path}scope/"), json!({ "scope": "personal" })).await.ok();
    for answer in [updated, moved, put, back] {
        assert_eq!(answer["id"], id, "{answer}");
        for told in ["bees", "rooftop", "\"ada\"", "hobbies"] {
            assert!(!answer.to_string().contains(told), "{told}: {answer}");
        }
    }
    // Who may read it is told as before.
    let read = call(&alice, "update_memory", json!({ "memory_id": id, "text": "Ada kept bees" })).await;
    assert_eq!((&read["memory"], &read["metadata"]["garden"]), (&json!("Ada kept bees"), &json!("rooftop")));
    let put = alice.put(&path, json!({ "categories": ["hobbies"] })).await.ok();
    assert_eq!((&put["memory"], &put["user_id"]), (&json!("Ada kept bees"), &json!("ada")));
}
