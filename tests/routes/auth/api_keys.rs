//! `/v1/api-keys`.

use chrono::TimeDelta;
use serde_json::json;

use super::{Person, audited, minutes};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn a_key_is_shown_once_and_opens_what_it_was_made_for() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let body = json!({ "name": " laptop ", "scopes": ["memories:write", "memories:read", "memories:read"] });
    let answer = ada.post("/v1/api-keys", body).await;
    answer.assert_status(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let created = answer.json();
    let key = created["key"].as_str().unwrap();
    assert!(key.starts_with("m0sk_") && key.len() == 48, "{key}");
    assert_eq!(created["prefix"], key[..11]);
    assert_eq!(created["name"], "laptop");
    assert_eq!(created["scopes"], json!(["memories:read", "memories:write"]));
    assert!(created["expires_at"].is_null());

    let me = ada.with_token(key).get("/v1/auth/me").await.ok();
    assert_eq!(me["user"]["id"], ada.user["id"]);
    assert_eq!(me["credential"]["type"], "api_key");
    assert_eq!(me["credential"]["id"], created["id"]);
    assert_eq!(me["credential"]["scopes"], created["scopes"]);

    let list = ada.get("/v1/api-keys").await;
    assert!(!list.text().contains(key), "{list}");
    assert_eq!(list.json()["results"][0]["id"], created["id"]);
    assert_eq!(list.json()["results"][0]["last_used_at"], "2026-03-02T09:00:00Z");
    assert_eq!(audited(&app, "api_key.create").await, 1);
}

#[tokio::test]
async fn only_a_hash_of_a_key_is_stored() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let key = ada.api_key().await;
    let client = app.database().superuser().await;
    let dump = "SELECT t::text FROM api_keys t UNION ALL SELECT a::text FROM audit_log a";
    for row in client.query(dump, &[]).await.unwrap() {
        assert!(!row.get::<_, String>(0).contains(&key[11..]));
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_with_the_next_request_and_for_good() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let key = ada.with_token(&ada.api_key().await);
    key.assert_let_in().await;
    let id = ada.get("/v1/api-keys").await.ok()["results"][0]["id"].as_str().unwrap().to_owned();
    ada.delete(&format!("/v1/api-keys/{id}")).await.assert_status(204);
    key.assert_shut_out().await;
    ada.delete(&format!("/v1/api-keys/{id}")).await.assert_status(204);
    assert_eq!(audited(&app, "api_key.revoke").await, 1);
    assert_eq!(ada.get("/v1/api-keys").await.ok()["results"], json!([]));
}

#[tokio::test]
async fn keys_expire() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let create = async |expiry: serde_json::Value| {
        let mut body = json!({ "name": "key", "scopes": ["memories:read"] });
        body.as_object_mut().unwrap().extend(expiry.as_object().unwrap().clone());
        ada.post("/v1/api-keys", body).await
    };
    let in_days = create(json!({ "expires_in_days": 7 })).await.ok();
    assert_eq!(in_days["expires_at"], "2026-03-09T09:00:00Z");
    let at = create(json!({ "expires_at": "2026-03-02T10:00:00+00:00" })).await.ok();
    let key = ada.with_token(at["key"].as_str().unwrap());
    app.advance(minutes(59));
    key.assert_let_in().await;
    app.advance(minutes(1));
    let detail = key.get("/v1/auth/me").await.assert_problem(401, "unauthenticated", None);
    assert_eq!(detail, "the credential has expired");
    // Still in the list, so that its owner sees why.
    assert_eq!(ada.refreshes().await.get("/v1/api-keys").await.ok()["results"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_refused() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    for (body, field) in [
        (json!({ "name": "", "scopes": ["memories:read"] }), Some("name")),
        (json!({ "name": "k", "scopes": [] }), Some("scopes")),
        (json!({ "name": "k", "scopes": ["memories:delete"] }), Some("scopes[0]")),
        (
            json!({ "name": "k", "scopes": ["memories:read"], "expires_at": "2026-03-01T00:00:00Z" }),
            Some("expires_at"),
        ),
        (
            json!({ "name": "k", "scopes": ["memories:read"], "expires_at": "9999-12-31T00:00:00Z" }),
            Some("expires_at"),
        ),
        (json!({ "name": "k", "scopes": ["memories:read"], "expires_in_days": 0 }), Some("expires_in_days")),
        (
            json!({ "name": "k", "scopes": ["memories:read"], "expires_in_days": 5000 }),
            Some("expires_in_days"),
        ),
        (
            json!({ "name": "k", "scopes": ["memories:read"], "expires_in_days": 1, "expires_at": "2026-04-01T00:00:00Z" }),
            None,
        ),
        (json!({ "name": "k", "scopes": ["memories:read"], "user_id": "usr_0" }), Some("user_id")),
    ] {
        ada.post("/v1/api-keys", body).await.assert_problem(400, "invalid", field);
    }
    assert_eq!(ada.get("/v1/api-keys").await.ok()["results"], json!([]));
}

#[tokio::test]
async fn a_key_manages_no_credentials() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let all = json!(["memories:read", "memories:write", "tenancy:read", "tenancy:write"]);
    let key = ada.post("/v1/api-keys", json!({ "name": "key", "scopes": all })).await.ok();
    let id = key["id"].as_str().unwrap();
    let key = ada.with_token(key["key"].as_str().unwrap());
    let password = json!({ "current_password": super::PASSWORD, "new_password": super::OTHER_PASSWORD });
    for answer in [
        key.post("/v1/api-keys", json!({ "name": "child", "scopes": ["memories:read"] })).await,
        key.get("/v1/api-keys").await,
        key.delete(&format!("/v1/api-keys/{id}")).await,
        key.get("/v1/auth/sessions").await,
        key.delete("/v1/auth/sessions/ses_00000000000000000000000000").await,
        key.post("/v1/auth/logout", json!({})).await,
        key.post("/v1/auth/logout-everywhere", json!({})).await,
        key.post("/v1/auth/password", password).await,
        key.patch("/v1/auth/me", json!({ "name": "Eve" })).await,
    ] {
        let detail = answer.assert_problem(403, "forbidden", None);
        assert_eq!(detail, "this needs a login: API keys cannot manage accounts, sessions or keys");
    }
    ada.assert_let_in().await;
    key.assert_let_in().await;
}

#[tokio::test]
async fn everybody_sees_and_revokes_their_own_keys_only() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let (bob, mallory) = (ada.invites("bob", "admin").await, Person::owner(&app, "mallory").await);
    let key = bob.with_token(&bob.api_key().await);
    let id = bob.get("/v1/api-keys").await.ok()["results"][0]["id"].as_str().unwrap().to_owned();
    for stranger in [&ada, &mallory] {
        assert_eq!(stranger.get("/v1/api-keys").await.ok()["results"], json!([]));
        stranger.delete(&format!("/v1/api-keys/{id}")).await.assert_problem(404, "not-found", None);
    }
    key.assert_let_in().await;
}

#[tokio::test]
async fn keys_are_listed_in_parts_and_bounded_in_number() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    for number in 0..100 {
        app.advance(TimeDelta::seconds(1));
        let body = json!({ "name": format!("key {number}"), "scopes": ["memories:read"] });
        ada.post("/v1/api-keys", body).await.assert_status(201);
    }
    let one_more = json!({ "name": "one more", "scopes": ["memories:read"] });
    ada.post("/v1/api-keys", one_more).await.assert_problem(409, "conflict", None);

    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let part = ada.get(&format!("/v1/api-keys?limit=30{cursor}")).await.ok();
        names.extend(
            part["results"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()),
        );
        match part["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<String> = (0..100).rev().map(|number| format!("key {number}")).collect();
    assert_eq!(names, expected);
    for query in ["cursor=nonsense", "limit=0", "limit=1001", "limit=x", "page=2"] {
        ada.get(&format!("/v1/api-keys?{query}")).await.assert_status(400);
    }
    let sessions = ada.get("/v1/api-keys?limit=1").await.ok();
    let foreign = format!("/v1/auth/sessions?cursor={}", sessions["next"].as_str().unwrap());
    ada.get(&foreign).await.assert_problem(400, "invalid", Some("cursor"));
}

#[tokio::test]
async fn only_owners_have_keys_for_the_audit_log() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bob = ada.invites("bob", "admin").await;
    let new = json!({ "name": "auditor", "scopes": ["memories:read", "audit:read"] });
    let refused = bob.post("/v1/api-keys", new.clone()).await.assert_problem(403, "forbidden", None);
    assert_eq!(refused, "audit:read is for keys of the enterprise's owners, who alone read the log");
    let robot = ada.post("/v1/enterprise/service-accounts", json!({ "name": "Robot" })).await.ok();
    let path = format!("/v1/service-accounts/{}/api-keys", robot["id"].as_str().unwrap());
    ada.post(&path, new.clone()).await.assert_problem(403, "forbidden", None);
    ada.post("/v1/api-keys", new.clone()).await.ok();
    let narrow = json!({ "name": "narrow", "scopes": ["audit:read"], "within": ["personal"] });
    let key = ada.post("/v1/api-keys", narrow).await.ok();
    let refused = ada.with_token(key["key"].as_str().unwrap()).get("/v1/audit").await;
    let refused = refused.assert_problem(403, "forbidden", None);
    assert_eq!(refused, "the audit log is about the whole enterprise, which this credential does not reach");
    let wrong = ada.get("/v1/audit/export?format=xml").await.assert_problem(400, "invalid", Some("format"));
    assert_eq!(wrong, "format: expected jsonl or csv, found \"xml\"");
}

#[tokio::test]
async fn a_narrowed_key_cannot_make_contexts_and_is_told_so() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let narrow = json!({ "name": "narrow", "scopes": ["memories:write"], "within": ["personal"] });
    let key = ada.post("/v1/api-keys", narrow).await.ok();
    let refused =
        ada.with_token(key["key"].as_str().unwrap()).post("/v1/contexts/", json!({ "name": "Launch" })).await;
    assert_eq!(
        refused.assert_problem(403, "forbidden", None),
        "this key is narrowed and cannot make contexts"
    );
}
