//! `GET /v1/entities/`, `DELETE /v2/entities/{kind}/{name}/`.

use http::Request;
use serde_json::{Value, json};

use super::{list, remember_with, team};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn labels_are_listed_with_their_counts() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    remember_with(&alice, "I like tea", json!({ "user_id": "u1", "agent_id": "bot" })).await;
    remember_with(&alice, "I like jazz", json!({ "user_id": "u1", "run_id": "r1" })).await;
    remember_with(&alice, "I like rain", json!({ "user_id": "u2", "app_id": "shop" })).await;
    let answer = alice.get("/v1/entities/").await.ok();
    let names: Vec<(&str, &str, u64)> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entity| {
            (
                entity["type"].as_str().unwrap(),
                entity["name"].as_str().unwrap(),
                entity["memories"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [("user", "u1", 2), ("user", "u2", 1), ("agent", "bot", 1), ("app", "shop", 1), ("run", "r1", 1)]
    );
    let totals =
        ["count", "total_users", "total_agents", "total_apps", "total_runs"].map(|name| &answer[name]);
    assert_eq!(totals, [&json!(5), &json!(2), &json!(1), &json!(1), &json!(1)]);
    let page = alice.get("/v1/entities/?page=2&page_size=4&scope=all").await.ok();
    assert_eq!((&page["results"][0]["name"], &page["count"]), (&json!("r1"), &json!(5)));
    assert_eq!(page["previous"], "/v1/entities/?scope=all&page=1&page_size=4");
    assert_eq!(bob.get("/v1/entities/").await.ok()["results"], Value::Array(Vec::new()));
    alice.get("/v1/entities/?nonsense=1").await.assert_problem(400, "invalid", Some("nonsense"));
}

#[tokio::test]
async fn deleting_an_entity_forgets_its_memories() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    let odd = "a b/ü%";
    remember_with(&alice, "I like tea", json!({ "user_id": odd, "agent_id": "bot" })).await;
    remember_with(&alice, "I like jazz", json!({ "user_id": "u2", "agent_id": "bot" })).await;
    remember_with(&alice, "I like rain", json!({ "user_id": "u2", "scope": team.label() })).await;
    remember_with(&bob, "I like tea", json!({ "user_id": odd })).await;
    let done = alice.delete("/v2/entities/user/a%20b%2F%C3%BC%25/").await.ok();
    assert_eq!(done["deleted"], 1);
    assert_eq!(list(&alice, json!({ "scope": "all" })).await, ["I like rain", "I like jazz"]);
    assert_eq!(list(&bob, json!({})).await, ["I like tea"]);
    // mem0's reset deletes one entity after another, and the first takes the memories of the second along.
    assert_eq!(alice.delete("/v2/entities/agent/bot/").await.ok()["deleted"], 1);
    assert_eq!(alice.delete("/v2/entities/user/u2/").await.ok()["deleted"], 0);
    let in_team = format!("/v2/entities/user/u2/?scope={}", team.label());
    assert_eq!(alice.delete(&in_team).await.ok()["deleted"], 1);
    alice.delete("/v2/entities/group/x/").await.assert_problem(404, "not-found", None);
    alice.delete("/v2/entities/user/*/").await.assert_problem(400, "invalid", Some("filters.user_id.in[0]"));
}

/// “Zoë” and “café” as one reads them, the accents written as characters of their own.
const ZOE: [&str; 2] = ["Zo\u{eb}", "Zoe\u{308}"];
const CAFE: [&str; 2] = ["caf\u{e9}", "cafe\u{301}"];

#[tokio::test]
async fn a_name_is_one_name_however_its_accents_are_written() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for (text, form) in [("I like tea", 0), ("I like jazz", 1)] {
        let labels = json!({
            "user_id": ZOE[form], "agent_id": ZOE[form], "app_id": ZOE[form], "run_id": ZOE[form],
            "categories": [CAFE[form]],
        });
        remember_with(&alice, text, labels).await;
    }
    let line = json!({ "memory": "I like rain", "user_id": ZOE[1], "categories": [CAFE[1]] }).to_string();
    let request = Request::post("/v3/memories/import/").header("content-type", "application/x-ndjson");
    alice.send(request.body(line.into()).unwrap()).await.ok();
    let entities = alice.get("/v1/entities/").await.ok();
    assert_eq!(entities["count"], 4, "{entities}");
    assert_eq!(
        (&entities["results"][0]["name"], &entities["results"][0]["memories"]),
        (&json!(ZOE[0]), &json!(3))
    );
    let all = ["I like rain", "I like jazz", "I like tea"];
    for form in [0, 1] {
        assert_eq!(list(&alice, json!({ "filters": { "user_id": ZOE[form] } })).await, all);
        assert_eq!(list(&alice, json!({ "filters": { "run_id": { "in": [ZOE[form]] } } })).await, all[1..]);
        assert_eq!(list(&alice, json!({ "filters": { "categories": { "in": [CAFE[form]] } } })).await, all);
        assert_eq!(
            list(&alice, json!({ "filters": { "categories": { "contains": &CAFE[form][2..] } } })).await,
            all
        );
    }
    let id =
        alice.post("/v3/memories/", json!({})).await.ok()["results"][0]["id"].as_str().unwrap().to_owned();
    let changed = alice.put(&super::one(&id), json!({ "categories": [ZOE[1]] })).await.ok();
    assert_eq!(changed["categories"], json!([ZOE[0]]));
    assert_eq!(alice.delete("/v2/entities/user/Zoe%CC%88/").await.ok()["deleted"], 3);
}

#[tokio::test]
async fn names_from_before_are_composed_by_the_upgrade() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    for (text, user) in [("I like tea", ZOE[0]), ("I like jazz", "ada"), ("I like rain", "bea")] {
        remember_with(&alice, text, json!({ "user_id": user, "categories": ["x", CAFE[0]] })).await;
    }
    let rows = app.database().superuser().await;
    let then = "UPDATE memories SET user_id = normalize(user_id, NFD), categories = ARRAY['x', normalize(categories[2], NFD)]
                 WHERE content <> 'I like rain'";
    let at = || async {
        let sql = "SELECT count(*) FROM memories WHERE user_id IS NFC NORMALIZED AND categories = ARRAY['x', $1::text]";
        rows.query_one(sql, &[&CAFE[0]]).await.unwrap().get::<_, i64>(0)
    };
    // What the release before writes after the upgrade is composed as well.
    assert_eq!(rows.execute(then, &[]).await.unwrap(), 2);
    assert_eq!(at().await, 3);
    rows.batch_execute("ALTER TABLE memories DISABLE TRIGGER compose_names").await.unwrap();
    rows.execute(then, &[]).await.unwrap();
    rows.batch_execute("ALTER TABLE memories ENABLE TRIGGER compose_names").await.unwrap();
    assert_eq!(at().await, 1);
    let upgrade = include_str!("../../../shared/migrations/V158__composed_names.sql");
    let untouched = "SELECT xmin::text FROM memories WHERE content = 'I like rain'";
    let before: String = rows.query_one(untouched, &[]).await.unwrap().get(0);
    rows.batch_execute(upgrade).await.unwrap();
    assert_eq!(at().await, 3);
    assert_eq!(rows.query_one(untouched, &[]).await.unwrap().get::<_, String>(0), before);
    assert_eq!(list(&alice, json!({ "filters": { "user_id": ZOE[1] } })).await, ["I like tea"]);
}
