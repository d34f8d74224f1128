//! `POST /v1/users/{id}/password-reset` and `POST /v1/auth/password/reset`.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::RequestInfo;
use shared::identity::password_resets;
use shared::ids::{RequestId, UserId};

use super::{OTHER_PASSWORD, PASSWORD, Person, audited};
use crate::harness::{Answer, Client as _, TestApp};

async fn allow(by: &Person, of: &Person) -> Answer {
    by.post(&format!("/v1/users/{}/password-reset", of.id()), json!({})).await
}

async fn token(by: &Person, of: &Person) -> String {
    allow(by, of).await.ok()["token"].as_str().unwrap().to_owned()
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "new_password": password });
    Person::visitor(app).post("/v1/auth/password/reset", body).await
}

#[tokio::test]
async fn a_token_of_an_administrator_sets_a_new_password_once_and_ends_every_session() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bob = ada.invites("bob", "member").await;
    let key = bob.api_key().await;
    for _ in 0..5 {
        bob.try_login("not the password").await.assert_status(401);
    }
    bob.try_login(PASSWORD).await.assert_problem(429, "limit-reached", None);
    let allowed = allow(&ada, &bob).await;
    assert_eq!(allowed.header("cache-control"), Some("no-store"));
    let allowed = allowed.ok();
    assert_eq!(
        (&allowed["user_id"], &allowed["expires_at"]),
        (&bob.user["id"], &json!("2026-03-03T09:00:00Z"))
    );
    bob.assert_let_in().await;
    let token = allowed["token"].as_str().unwrap();
    let weak = reset(&app, token, "short").await;
    assert_eq!(
        weak.assert_problem(400, "invalid", Some("new_password")),
        "new_password: the password has 5 characters, at least 12 are needed"
    );
    reset(&app, token, OTHER_PASSWORD).await.assert_status(204);
    bob.assert_shut_out().await;
    bob.try_refresh(&bob.refresh_token).await.assert_status(401);
    bob.with_token(&key).assert_let_in().await;
    bob.try_login(PASSWORD).await.assert_status(401);
    // Also although the account was blocked a moment ago.
    bob.try_login(OTHER_PASSWORD).await.assert_status(200);
    let again = reset(&app, token, "nine patient herons").await;
    assert_eq!(again.assert_problem(404, "not-found", None), "reset token not found");
    assert_eq!(audited(&app, "password.allow_reset").await, 1);
    assert_eq!(audited(&app, "password.reset").await, 1);
    // What four eyes go by.
    let by = "SELECT password_by::text FROM users WHERE password_by IS NOT NULL";
    let by: String = app.database().superuser().await.query_one(by, &[]).await.unwrap().get(0);
    assert_eq!(json!(UserId(by.parse().unwrap())), ada.user["id"]);
}

#[tokio::test]
async fn a_token_ends_when_the_person_changes_their_password() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bob = ada.invites("bob", "member").await;
    let token = token(&ada, &bob).await;
    let body = json!({ "current_password": PASSWORD, "new_password": "nine patient herons" });
    let path = "/v1/auth/password";
    bob.post(path, body).await.assert_status(204);
    reset(&app, &token, OTHER_PASSWORD).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_successor_its_maker_and_its_account() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let (adam, bob) = (ada.invites("adam", "admin").await, ada.invites("bob", "member").await);
    let dead = async |token: &str| {
        reset(&app, token, OTHER_PASSWORD).await.assert_problem(404, "not-found", None);
    };
    let first = token(&adam, &bob).await;
    let second = token(&adam, &bob).await;
    dead(&first).await;
    let members = format!("/v1/enterprise/members/{}", adam.id());
    ada.put(&members, json!({ "role": "member" })).await.ok();
    dead(&second).await;
    ada.put(&members, json!({ "role": "admin" })).await.ok();
    let end = |way: &str| format!("/v1/users/{}/{way}", bob.id());
    ada.post(&end("deactivate"), json!({})).await.ok();
    ada.post(&end("reactivate"), json!({})).await.ok();
    dead(&second).await;
    let third = token(&ada, &bob).await;
    app.advance(TimeDelta::hours(24));
    dead(&third).await;
    bob.try_login(PASSWORD).await.assert_status(200);
    assert_eq!(audited(&app, "password.reset").await, 0);
}

#[tokio::test]
async fn nobody_gets_more_by_resetting_a_password_than_they_have() {
    let app = TestApp::new().await;
    let (ada, mallory) = (Person::owner(&app, "ada").await, Person::owner(&app, "mallory").await);
    let (adam, bob) = (ada.invites("adam", "admin").await, ada.invites("bob", "member").await);
    for (by, of) in [(&bob, &adam), (&adam, &ada)] {
        allow(by, of).await.assert_problem(403, "forbidden", None);
    }
    allow(&mallory, &bob).await.assert_problem(404, "not-found", None);
    let own = allow(&ada, &ada).await;
    assert_eq!(
        own.assert_problem(409, "conflict", None),
        "change your own password with POST /v1/auth/password"
    );
    let energy = json!({ "kind": "organization", "name": "Energy", "parent": null });
    let energy = ada.post("/v1/organizations", energy).await.ok();
    let members = format!("/v1/organizations/{}/members", energy["id"].as_str().unwrap());
    ada.post(&members, json!({ "user_id": bob.id(), "role": "owner" })).await.ok();
    let above = allow(&adam, &bob).await.assert_problem(403, "forbidden", None);
    assert_eq!(above, "this account holds a role somewhere that is above yours there");
    // A context of his own is nothing that stands between him and help.
    let context = json!({ "name": "Plans" });
    bob.post("/v1/contexts/", context).await.ok();
    allow(&ada, &bob).await.assert_status(201);
    let robot = ada.post("/v1/enterprise/service-accounts", json!({ "name": "Robot" })).await.ok();
    let path = format!("/v1/users/{}/password-reset", robot["id"].as_str().unwrap());
    let refused = ada.post(&path, json!({})).await.assert_problem(409, "conflict", None);
    assert_eq!(refused, "this account has no password, it signs in elsewhere");
    let scopes = json!({ "name": "key", "scopes": ["tenancy:read", "tenancy:write"] });
    let key = ada.post("/v1/api-keys", scopes).await.ok()["key"].as_str().unwrap().to_owned();
    allow(&ada.with_token(&key), &bob).await.assert_problem(403, "forbidden", None);
}

#[tokio::test]
async fn wrong_tokens_are_counted_and_right_ones_are_not() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bob = ada.invites("bob", "member").await;
    let token = token(&ada, &bob).await;
    for _ in 0..30 {
        reset(&app, &token, "short").await.assert_status(400);
    }
    for _ in 0..20 {
        reset(&app, "m0pw_unknown", OTHER_PASSWORD).await.assert_status(404);
    }
    let blocked = reset(&app, &token, OTHER_PASSWORD).await.assert_problem(429, "limit-reached", None);
    assert_eq!(blocked, "too many attempts from your network address, try again in 60 s");
    app.advance(TimeDelta::minutes(1));
    reset(&app, &token, OTHER_PASSWORD).await.assert_status(204);
}

#[tokio::test]
async fn the_operator_helps_an_owner_who_is_locked_out() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let request = || RequestInfo { id: RequestId::generate(), at: app.now(), ip: None, user_agent: None };
    let email = |text: &str| text.parse().unwrap();
    let made = password_resets::allow_as_operator(app.gate(), &request(), &email(&ada.email)).await.unwrap();
    let unknown =
        password_resets::allow_as_operator(app.gate(), &request(), &email("nobody@northwind.example")).await;
    assert_eq!(unknown.unwrap_err().to_string(), "account not found");
    let token = secrecy::ExposeSecret::expose_secret(&made.token).to_owned();
    reset(&app, &token, OTHER_PASSWORD).await.assert_status(204);
    ada.assert_shut_out().await;
    let ada = Person::signed_in(&app, &ada.try_login(OTHER_PASSWORD).await);
    let rows = ada.get("/v1/audit?action=password.allow_reset").await.ok();
    assert_eq!(rows["results"][0]["details"]["by"], "operator", "{rows}");
    assert_eq!(rows["results"][0]["actor"], Value::Null, "{rows}");
}

#[tokio::test]
async fn administrators_see_and_end_the_sessions_and_keys_of_others() {
    let app = TestApp::new().await;
    let (ada, mallory) = (Person::owner(&app, "ada").await, Person::owner(&app, "mallory").await);
    let (adam, bob) = (ada.invites("adam", "admin").await, ada.invites("bob", "member").await);
    let (other, key) = (bob.logs_in().await, bob.api_key().await);
    let of = |person: &Person, what: &str| format!("/v1/users/{}/{what}", person.id());
    for what in ["sessions", "api-keys"] {
        for (by, whom) in [(&bob, &adam), (&bob, &bob), (&adam, &ada)] {
            by.get(&of(whom, what)).await.assert_problem(403, "forbidden", None);
        }
        mallory.get(&of(&bob, what)).await.assert_problem(404, "not-found", None);
    }
    let keys = adam.get(&of(&bob, "api-keys")).await.ok();
    assert_eq!(keys["results"][0]["name"], "key", "{keys}");
    assert_eq!(keys["results"][0]["key"], Value::Null, "{keys}");
    let path = format!("{}/{}", of(&bob, "api-keys"), keys["results"][0]["id"].as_str().unwrap());
    mallory.delete(&path).await.assert_problem(404, "not-found", None);
    let wrong = format!("{}/{}", of(&adam, "api-keys"), keys["results"][0]["id"].as_str().unwrap());
    adam.delete(&wrong).await.assert_problem(404, "not-found", None);
    bob.with_token(&key).assert_let_in().await;
    for _ in 0..2 {
        adam.delete(&path).await.assert_status(204);
    }
    bob.with_token(&key).assert_shut_out().await;
    let sessions = adam.get(&of(&bob, "sessions")).await.ok();
    let sessions = sessions["results"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session["current"] == false));
    let path = format!("{}/{}", of(&bob, "sessions"), sessions[0]["id"].as_str().unwrap());
    adam.delete(&path).await.assert_status(204);
    assert_eq!(adam.get(&of(&bob, "sessions")).await.ok()["results"].as_array().unwrap().len(), 1);
    adam.delete(&of(&bob, "sessions")).await.assert_status(204);
    bob.assert_shut_out().await;
    other.assert_shut_out().await;
    adam.assert_let_in().await;
    assert_eq!(audited(&app, "api_key.list").await, 1);
    assert_eq!(audited(&app, "session.list").await, 2);
    assert_eq!(audited(&app, "session.end_all").await, 1);
}
