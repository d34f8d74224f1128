//! `/v1/access/check` about API keys: what a key may do, and which of its limits prevents what its owner may do.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::office::Office;
use super::{add_member, text};
use crate::harness::{Actor, Client as _};

/// One in which Ann is in both teams, and her memory is confidential.
async fn office() -> Office {
    let office = Office::new().await;
    add_member(&office.alice, &office.beta.id.to_string(), &office.ann, "member").await;
    let class = json!({ "classification": "confidential" });
    office.ann.put(&format!("/v1/memories/{}/", office.memory), class).await.ok();
    office
}

/// A key of Ann's; its id, and herself calling with it.
async fn key(office: &Office, limits: Value) -> (String, Actor) {
    let mut body = json!({ "name": "a key" });
    body.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
    let key = office.ann.post("/v1/api-keys", body).await.ok();
    (text(&key["id"]), office.ann.with_key(&key))
}

/// May it, to the memory? By its administrator.
async fn may(office: &Office, key: &str, action: &str) -> Value {
    let body = json!({ "api_key_id": key, "action": action, "memory_id": office.memory });
    office.lead.post("/v1/access/check", body).await.ok()
}

/// What is said is what happens when the key is used.
#[tokio::test]
async fn each_limit_of_a_key_is_named_where_it_stops_it() {
    let office = office().await;
    let (alpha, beta) = (office.alpha.label(), office.beta.label());
    let all = json!(["memories:read", "memories:write"]);
    for (limits, read, edit, reason) in [
        (json!({ "scopes": all }), json!(null), json!(null), ""),
        (
            json!({ "scopes": ["memories:read"] }),
            json!(null),
            json!(["verbs"]),
            "its owner may, but the key lacks the scope memories:write",
        ),
        (json!({ "scopes": all, "within": [alpha] }), json!(null), json!(null), ""),
        (
            json!({ "scopes": all, "within": [beta] }),
            json!(["within"]),
            json!(["within"]),
            "its owner may, but the key is only for a scope that you do not see",
        ),
        (
            json!({ "scopes": all, "ceiling": "internal" }),
            json!(["ceiling"]),
            json!(["ceiling"]),
            "its owner may, but the key's ceiling is internal: it is confidential, and a credential with the ceiling internal \
             does not show that",
        ),
        (
            json!({ "scopes": ["memories:read"], "within": ["personal"], "ceiling": "public" }),
            json!(["within", "ceiling"]),
            json!(["verbs", "within", "ceiling"]),
            "",
        ),
    ] {
        let (id, caller) = key(&office, limits.clone()).await;
        let path = format!("/v1/memories/{}/", office.memory);
        let said = may(&office, &id, "read_memories").await;
        assert_eq!(
            (&said["stopped_by"], &said["allowed"]),
            (&read, &json!(read.is_null())),
            "{limits} {said}"
        );
        assert_eq!(said["allowed"], caller.get(&path).await.status.is_success(), "{limits} {said}");
        let said = may(&office, &id, "edit_own_memory").await;
        assert_eq!(
            (&said["stopped_by"], &said["allowed"]),
            (&edit, &json!(edit.is_null())),
            "{limits} {said}"
        );
        let change = json!({ "metadata": { "by": id } });
        assert_eq!(said["allowed"], caller.put(&path, change).await.status.is_success(), "{limits} {said}");
        if !reason.is_empty() {
            assert_eq!(said["reason"], reason);
        }
    }
}

#[tokio::test]
async fn a_key_never_exceeds_its_owner_and_ends() {
    let office = office().await;
    let limits =
        json!({ "scopes": ["memories:read", "memories:write", "tenancy:write"], "expires_in_days": 10 });
    let (id, _) = key(&office, limits).await;
    let add = json!({ "api_key_id": id, "action": "manage_members", "scope": office.alpha.label() });
    let said = office.lead.post("/v1/access/check", add.clone()).await.ok();
    assert_eq!((&said["allowed"], &said["stopped_by"]), (&json!(false), &json!(["owner"])));
    let needs = format!(
        "manage_members needs the role admin on {}, they have the role member there",
        office.alpha.in_words()
    );
    assert_eq!(said["reason"], needs);
    // Who owns it may be said as well, and must be them.
    let mut with = add.clone();
    with["user_id"] = json!(office.ann.user);
    assert_eq!(office.lead.post("/v1/access/check", with.clone()).await.ok(), said);
    with["user_id"] = json!(office.lead.user);
    office.lead.post("/v1/access/check", with).await.assert_problem(404, "not-found", None);
    let ask = |id: &str| json!({ "api_key_id": id, "action": "read_memories", "memory_id": office.memory });
    let (revoked, _) = key(&office, json!({ "scopes": ["memories:read"] })).await;
    office.ann.delete(&format!("/v1/api-keys/{revoked}")).await.ok();
    let said = office.lead.post("/v1/access/check", ask(&revoked)).await.ok();
    assert_eq!((&said["stopped_by"], &said["reason"]), (&json!(["revoked"]), &json!("the key was revoked")));
    office.app.advance(TimeDelta::days(11));
    let lead = office.lead.with_api_key().await;
    let said = lead.post("/v1/access/check", ask(&id)).await.ok();
    let reason = json!("the key expired at 2026-03-12T09:00:00Z");
    assert_eq!((&said["stopped_by"], &said["reason"]), (&json!(["expired"]), &reason));
}

#[tokio::test]
async fn what_makes_no_sense_about_a_key_is_refused() {
    let office = office().await;
    let (id, _) = key(&office, json!({ "scopes": ["memories:read"] })).await;
    let about = json!({ "action": "read_memories", "memory_id": office.memory });
    let with = |more: Value| {
        let mut body = about.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let check = "/v1/access/check";
    office.lead.post(check, with(json!({}))).await.assert_problem(400, "invalid", None);
    let both = with(json!({ "api_key_id": id, "ceiling": "public" }));
    office.lead.post(check, both).await.assert_problem(400, "invalid", Some("ceiling"));
    let none = with(json!({ "api_key_id": shared::ids::ApiKeyId::generate() }));
    let said = office.lead.post(check, none).await.assert_problem(404, "not-found", None);
    assert_eq!(said, "API key not found");
    // Another tenant's is none.
    let bob = office.app.owner("bobby").await;
    let key = bob.post("/v1/api-keys", json!({ "name": "his", "scopes": ["memories:read"] })).await.ok();
    let his = with(json!({ "api_key_id": key["id"] }));
    assert_eq!(office.lead.post(check, his).await.assert_problem(404, "not-found", None), said);
    // And only who administers it is answered.
    let asked = with(json!({ "api_key_id": id }));
    office.ann.post(check, asked.clone()).await.assert_problem(403, "forbidden", None);
    office.alice.post(check, asked).await.ok();
}
