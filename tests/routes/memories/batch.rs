//! `PUT` and `DELETE /v1/batch/`: all or none.

use http::Method;
use serde_json::{Value, json};
use shared::access::Role;
use shared::ids::MemoryId;

use super::{list, remember, remember_with, team};
use crate::harness::{Actor, Answer, Client as _, TestApp};

async fn delete(actor: &Actor, ids: &[&String]) -> Answer {
    let memories: Vec<Value> = ids.iter().map(|id| json!({ "memory_id": id })).collect();
    actor.call(Method::DELETE, "/v1/batch/", Some(&json!({ "memories": memories }))).await
}

#[tokio::test]
async fn many_memories_change_at_once() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let (a, b) = (remember(&alice, "I like tea").await, remember(&alice, "I like jazz").await);
    let body = json!({ "memories": [
        { "memory_id": a, "text": "I like cocoa", "metadata": { "x": 1 } },
        { "memory_id": b, "expiration_date": "2030-01-01" },
    ] });
    let done = alice.put("/v1/batch/", body).await.ok();
    assert_eq!(done["message"], "Successfully updated 2 memories");
    let memories = alice.post("/v3/memories/", json!({})).await.ok();
    assert_eq!(memories["results"][0]["expiration_date"], "2030-01-01");
    assert_eq!(memories["results"][1]["metadata"], json!({ "x": 1 }));
    assert_eq!(delete(&alice, &[&a, &b]).await.ok()["message"], "Successfully deleted 2 memories");
    assert!(list(&alice, json!({})).await.is_empty());
}

#[tokio::test]
async fn one_that_may_not_be_changed_stops_them_all() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    let mia = alice.colleague("mia", &team, Role::Member).await;
    let own = remember(&mia, "I like tea").await;
    let others = remember_with(&alice, "The release is on Friday", json!({ "scope": team.label() })).await;
    let foreign = remember(&bob, "I like tea").await;
    let unknown = MemoryId::generate().to_string();
    for (id, status, kind) in
        [(&others, 403, "forbidden"), (&foreign, 404, "not-found"), (&unknown, 404, "not-found")]
    {
        let body =
            json!({ "memories": [{ "memory_id": own, "text": "x" }, { "memory_id": id, "text": "x" }] });
        let changed = mia.put("/v1/batch/", body).await.assert_problem(status, kind, None);
        let deleted = delete(&mia, &[&own, id]).await.assert_problem(status, kind, None);
        if status == 403 {
            let why = format!(
                "memories: {id}: this needs the role admin on {}, you have the role member there",
                team.in_words()
            );
            assert_eq!((changed, deleted), (why.clone(), why));
        }
    }
    assert_eq!(list(&mia, json!({ "scope": "all" })).await, ["The release is on Friday", "I like tea"]);
    assert_eq!(list(&bob, json!({})).await, ["I like tea"]);
}

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_memories_each_once() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let id = remember(&alice, "I like tea").await;
    delete(&alice, &[]).await.assert_problem(400, "invalid", Some("memories"));
    delete(&alice, &[&id, &id]).await.assert_problem(400, "invalid", Some("memories"));
    let many: Vec<String> = (0..1001).map(|_| MemoryId::generate().to_string()).collect();
    let many: Vec<&String> = many.iter().collect();
    delete(&alice, &many).await.assert_problem(400, "invalid", Some("memories"));
    delete(&alice, &[&"nonsense".to_owned()]).await.assert_problem(
        400,
        "invalid",
        Some("memories[0].memory_id"),
    );
    let listed = json!({ "memories": [[id]] });
    let told = alice.call(Method::DELETE, "/v1/batch/", Some(&listed)).await;
    let told = told.assert_problem(400, "invalid", Some("memories[0]"));
    assert_eq!(told, "memories[0]: expected an object, found a list");
    let nameless = json!({ "memories": [{ "text": "x" }] });
    alice.put("/v1/batch/", nameless).await.assert_problem(400, "invalid", Some("memories[0].memory_id"));
    let unchanged = json!({ "memories": [{ "memory_id": id }] });
    alice.put("/v1/batch/", unchanged).await.assert_problem(400, "invalid", Some("memories[0]"));
    assert_eq!(list(&alice, json!({})).await, ["I like tea"]);
}

#[tokio::test]
async fn errors_name_the_memory_at_fault() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let (a, b) = (remember(&alice, "I like tea").await, MemoryId::generate().to_string());
    for (change, field) in [
        (json!({ "text": "" }), "memories[1].text"),
        (json!({ "timestamp": "soon" }), "memories[1].timestamp"),
        (json!({ "expiration_date": "2026-03-01" }), "memories[1].expiration_date"),
    ] {
        let mut second = change;
        second["memory_id"] = json!(b);
        let body = json!({ "memories": [{ "memory_id": a, "text": "x" }, second] });
        let detail = alice.put("/v1/batch/", body).await.assert_problem(400, "invalid", Some(field));
        assert!(detail.starts_with(&format!("{field}: ")), "{detail}");
    }
    let body = json!({ "memories": [{ "memory_id": a, "text": "x" }, { "memory_id": b, "text": "y" }] });
    let detail = alice.put("/v1/batch/", body).await.assert_problem(404, "not-found", None);
    assert_eq!(detail, format!("{b} not found"));
    assert_eq!(
        delete(&alice, &[&a, &b]).await.assert_problem(404, "not-found", None),
        format!("{b} not found")
    );
}
