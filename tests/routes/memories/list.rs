//! `POST /v3/memories/`.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::Role;

use super::{add, list, remember, remember_with, search, team, texts};
use crate::harness::{Actor, Client as _, TestApp};
use crate::routes::mcp::client::call;

/// One memory a minute: a, b, c, …
async fn alphabet(app: &TestApp, actor: &Actor, count: u8) {
    for letter in (b'a'..).take(usize::from(count)) {
        remember(actor, &format!("The letter {}", char::from(letter))).await;
        app.advance(TimeDelta::minutes(1));
    }
}

fn letters(answer: &Value) -> String {
    texts(answer).iter().map(|text| text.chars().last().unwrap()).collect()
}

#[tokio::test]
async fn pages_are_numbered_counted_and_linked() {
    let (app, alice, _) = TestApp::two_tenants().await;
    alphabet(&app, &alice, 5).await;
    let page = async |query: &str| alice.post(&format!("/v3/memories/{query}"), json!({})).await.ok();
    let first = page("?page=1&page_size=2").await;
    assert_eq!(letters(&first), "ed");
    assert_eq!((&first["count"], &first["previous"]), (&json!(5), &Value::Null));
    assert_eq!(first["next"], "/v3/memories/?page=2&page_size=2");
    assert_eq!(letters(&page("?page=3&page_size=2").await), "a");
    assert_eq!(page("?page=3&page_size=2").await["next"], Value::Null);
    let beyond = page("?page=9&page_size=2").await;
    assert_eq!(
        (letters(&beyond).as_str(), &beyond["previous"]),
        ("", &json!("/v3/memories/?page=3&page_size=2"))
    );
    let in_body = alice.post("/v3/memories/", json!({ "page": 2, "page_size": 3 })).await.ok();
    assert_eq!(letters(&in_body), "ba");
    assert_eq!(letters(&page("").await), "edcba");
}

#[tokio::test]
async fn cursors_visit_everything_once_whatever_is_added_meanwhile() {
    let (app, alice, _) = TestApp::two_tenants().await;
    alphabet(&app, &alice, 5).await;
    // Of the same time, told apart by their ids.
    add(&alice, &["The letter x", "The letter y", "The letter z"], json!({})).await.ok();
    let (mut cursor, mut seen) = (String::new(), String::new());
    loop {
        let part = alice.post(&format!("/v3/memories/?cursor={cursor}&limit=3"), json!({})).await.ok();
        seen += &letters(&part);
        assert!(part.get("count").is_none(), "{part}");
        let Some(next) = part["next"].as_str() else { break };
        cursor = next.to_owned();
        remember(&alice, &format!("Meanwhile {cursor}")).await;
    }
    assert_eq!(seen, "zyxedcba");
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    let (app, alice, _) = TestApp::two_tenants().await;
    alphabet(&app, &alice, 3).await;
    let part = alice.post("/v3/memories/?cursor=&limit=2", json!({})).await.ok();
    let next = format!("/v3/memories/?cursor={}&limit=2", part["next"].as_str().unwrap());
    let other = json!({ "filters": { "user_id": "alice" } });
    alice.post(&next, other).await.assert_problem(400, "invalid", Some("cursor"));
    alice.post("/v3/memories/?cursor=x", json!({})).await.assert_problem(400, "invalid", Some("cursor"));
    assert_eq!(letters(&alice.post(&next, json!({})).await.ok()), "a");
}

#[tokio::test]
async fn filters_select() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let tea = json!({ "user_id": "u1", "agent_id": "bot", "metadata": { "kind": "drink", "hot": true }, "categories": ["food"] });
    remember_with(&alice, "I like Earl Grey tea", tea).await;
    remember_with(&alice, "I like jazz", json!({ "user_id": "u1", "categories": ["music"] })).await;
    remember_with(&alice, "I like rain", json!({ "user_id": "u2", "timestamp": "2025-05-01" })).await;
    for (filters, expected) in [
        (json!({ "user_id": "u1" }), vec!["I like jazz", "I like Earl Grey tea"]),
        (json!({ "AND": [{ "user_id": "u1" }, { "agent_id": "bot" }] }), vec!["I like Earl Grey tea"]),
        (
            json!({ "OR": [{ "user_id": "u2" }, { "agent_id": "*" }] }),
            vec!["I like rain", "I like Earl Grey tea"],
        ),
        (json!({ "NOT": { "user_id": "u1" } }), vec!["I like rain"]),
        (json!({ "metadata": { "kind": "drink" } }), vec!["I like Earl Grey tea"]),
        (json!({ "categories": { "in": ["music", "sport"] } }), vec!["I like jazz"]),
        (json!({ "timestamp": { "lt": "2026-01-01" } }), vec!["I like rain"]),
        (json!({ "keywords": { "icontains": "EARL grey" } }), vec!["I like Earl Grey tea"]),
        (json!({ "user_id": "nobody" }), vec![]),
    ] {
        assert_eq!(list(&alice, json!({ "filters": filters })).await, expected, "{filters}");
    }
    for (body, expected) in [
        (json!({ "categories": ["food"] }), vec!["I like Earl Grey tea"]),
        (json!({ "metadata": { "hot": true } }), vec!["I like Earl Grey tea"]),
        (json!({ "keywords": "grey TEA" }), vec!["I like Earl Grey tea"]),
        (json!({ "start_date": "2026-03-03" }), vec![]),
        (json!({ "end_date": "2026-03-01" }), vec![]),
        (
            json!({ "start_date": "2026-03-02", "end_date": "2026-03-02", "filters": { "user_id": "u2" } }),
            vec!["I like rain"],
        ),
    ] {
        assert_eq!(list(&alice, body.clone()).await, expected, "{body}");
    }
}

#[tokio::test]
async fn lists_of_several_scopes_are_merged() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    for (letter, scope) in
        ["a", "b", "c", "d"].iter().zip(["personal", &team.label(), "enterprise", "personal"])
    {
        remember_with(&alice, &format!("The letter {letter}"), json!({ "scope": scope })).await;
        app.advance(TimeDelta::minutes(1));
    }
    let list = async |body: Value| letters(&alice.post("/v3/memories/?page_size=3", body).await.ok());
    assert_eq!(list(json!({})).await, "da");
    assert_eq!(list(json!({ "scope": "all" })).await, "dcb");
    assert_eq!(list(json!({ "scope": [team.label(), "enterprise"] })).await, "cb");
    assert_eq!(list(json!({ "filters": { "scope": team.label() } })).await, "b");
    assert_eq!(list(json!({ "scope": "all", "filters": { "NOT": { "scope": "personal" } } })).await, "cb");
}

#[tokio::test]
async fn fields_narrow_the_answer() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let id = remember(&alice, "I like tea").await;
    let narrowed = alice.post("/v3/memories/", json!({ "fields": ["memory"] })).await.ok();
    assert_eq!(narrowed["results"], json!([{ "id": id, "memory": "I like tea" }]));
    let wrong = json!({ "fields": ["secret"] });
    alice.post("/v3/memories/", wrong).await.assert_problem(400, "invalid", Some("fields"));
}

#[tokio::test]
async fn wrong_input_is_refused_with_its_place() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    for (body, field) in [
        (json!({ "filters": { "nonsense": 1 } }), Some("filters.nonsense")),
        (json!({ "filters": { "AND": [{ "user_id": { "gt": "a" } }] } }), Some("filters.AND[0].user_id")),
        (json!({ "filters": [] }), Some("filters")),
        (json!({ "filters": { "created_at": { "gte": "soon" } } }), Some("filters.created_at.gte")),
        (json!({ "user_id": "alice" }), Some("user_id")),
        (json!({ "show_expired": true }), Some("show_expired")),
        (json!({ "start_date": "soon" }), Some("start_date")),
        (json!({ "scope": [] }), Some("scope")),
        (json!({ "scope": ["personal", "x"] }), Some("scope[1]")),
        (json!({ "page": 0 }), Some("page")),
        (json!({ "page_size": 1001 }), Some("page_size")),
        (json!({ "nonsense": 1 }), Some("nonsense")),
    ] {
        alice.post("/v3/memories/", body).await.assert_problem(400, "invalid", field);
    }
    for (query, field) in [
        ("pagesize=1", "pagesize"),
        ("page=x", "page"),
        ("cursor=&limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=2&page_size=2", "limit"),
        ("cursor=&page=1", "page"),
        ("cursor=x", "cursor"),
    ] {
        let answer = alice.post(&format!("/v3/memories/?{query}"), json!({})).await;
        answer.assert_problem(400, "invalid", Some(field));
    }
    let differing = alice.post("/v3/memories/?page_size=2", json!({ "page_size": 3 })).await;
    let told = differing.assert_problem(400, "invalid", Some("page_size"));
    assert_eq!(told, "page_size: is 2 in the address and 3 in the body");
    alice.post("/v3/memories/?page_size=2", json!({ "page_size": 2 })).await.ok();
    let foreign = json!({ "scope": team.label() });
    bob.post("/v3/memories/", foreign).await.assert_problem(404, "not-found", None);
    let foreign = json!({ "filters": { "scope": team.label() } });
    bob.post("/v3/memories/", foreign).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn bounds_in_time_are_days_or_instants() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    // It is nine in the morning of the second of March.
    remember(&alice, "The archive moved").await;
    for (bounds, found) in [
        (json!({ "start_date": "2026-03-02" }), 1),
        (json!({ "end_date": "2026-03-02" }), 1),
        (json!({ "end_date": "2026-03-01" }), 0),
        (json!({ "start_date": "2026-03-02T08:59:59Z", "end_date": "2026-03-02T09:00:01Z" }), 1),
        (json!({ "start_date": "2026-03-02T09:00:01Z" }), 0),
        (json!({ "end_date": "2026-03-02T08:59:59" }), 0),
        (json!({ "end_date": "2026-03-02T10:00:00+02:00" }), 0),
    ] {
        assert_eq!(list(&alice, bounds.clone()).await.len(), found, "{bounds}");
    }
}

#[tokio::test]
async fn classes_and_authors_select_in_lists_and_searches() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let bob = alice.enterprise_colleague("bob", Role::Member).await;
    let add = async |who: &Actor, text: &str, class: &str| {
        remember_with(who, text, json!({ "scope": "enterprise", "classification": class })).await
    };
    add(&alice, "The lobby is open", "public").await;
    add(&alice, "The rack is locked", "internal").await;
    add(&bob, "The key is with Bob", "internal").await;
    let secret = "Bob's own diary";
    remember_with(&bob, secret, json!({ "classification": "restricted" })).await;
    let (ann, her) = (json!(alice.user), "The rack is locked");
    for (filters, expected) in [
        (json!({ "classification": "public" }), vec!["The lobby is open"]),
        (json!({ "classification": { "gt": "public" } }), vec!["The key is with Bob", her]),
        (json!({ "classification": { "ne": "internal" } }), vec!["The lobby is open"]),
        (json!({ "classification": ["restricted", "confidential"] }), vec![]),
        (json!({ "author_id": bob.user }), vec!["The key is with Bob"]),
        (json!({ "author_id": { "ne": bob.user } }), vec![her, "The lobby is open"]),
        (json!({ "author_id": { "in": [ann] }, "classification": { "gte": "internal" } }), vec![her]),
        (json!({ "NOT": { "author_id": ann } }), vec!["The key is with Bob"]),
    ] {
        let body = json!({ "filters": filters, "scope": "all" });
        assert_eq!(list(&alice, body.clone()).await, expected, "{filters}");
        let tool = call(&alice, "get_memories", body.clone()).await;
        assert_eq!(texts(&tool), expected, "{filters}");
        let mut found = search(&alice, "lobby rack key diary", body).await;
        let mut expected = expected;
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{filters}");
        let levels = alice.post("/v1/memories/hierarchical/", json!({ "filters": filters })).await.ok();
        let levels = levels["levels"].as_array().unwrap().iter();
        assert_eq!(
            levels.map(|level| level["results"].as_array().unwrap().len()).sum::<usize>(),
            found.len()
        );
    }
    let own = json!({ "filters": { "author_id": bob.user, "classification": "restricted" } });
    assert_eq!(list(&bob, own).await, [secret]);
    for (filters, field) in [
        (json!({ "classification": "secret" }), "filters.classification"),
        (json!({ "classification": { "contains": "in" } }), "filters.classification"),
        (json!({ "author_id": "bob" }), "filters.author_id"),
        (json!({ "author_id": "*" }), "filters.author_id"),
    ] {
        let refused = alice.post("/v3/memories/", json!({ "filters": filters })).await;
        refused.assert_problem(400, "invalid", Some(field));
    }
}
