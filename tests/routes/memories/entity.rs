//! `GET /v1/entities/`, `DELETE /v2/entities/{kind}/{name}/`.

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
