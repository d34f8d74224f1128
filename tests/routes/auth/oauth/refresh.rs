//! Refreshing tokens of applications: rotation, reuse, retries, and never more than was granted.

use chrono::TimeDelta;
use serde_json::json;

use super::{assert_refused, refresh, token};
use crate::harness::{Client as _, TestApp, register, tokens};

#[tokio::test]
async fn tokens_rotate_and_one_that_comes_back_ends_the_grant() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, first) = tokens(&app, &ada.email, &json!({ "resource": "https://mem0.test" })).await;
    let second = token(&app, refresh(&client, &first["refresh_token"])).await.ok();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["scope"], first["scope"]);
    // The same exchange again, because an answer was lost: the same successor, no fork.
    let retried = token(&app, refresh(&client, &first["refresh_token"])).await.ok();
    assert_eq!(retried["refresh_token"], second["refresh_token"]);
    app.advance(TimeDelta::seconds(31));
    let assistant = ada.with_token(second["access_token"].as_str().unwrap());
    assistant.get("/v1/ping/").await.assert_status(200);
    assert_refused(&token(&app, refresh(&client, &first["refresh_token"])).await, 400, "invalid_grant");
    assistant.get("/v1/ping/").await.assert_problem(401, "unauthenticated", None);
    assert_refused(&token(&app, refresh(&client, &second["refresh_token"])).await, 400, "invalid_grant");
}

#[tokio::test]
async fn many_retries_at_once_are_one_exchange() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, first) = tokens(&app, &ada.email, &json!({})).await;
    let all = (0..20).map(|_| token(&app, refresh(&client, &first["refresh_token"])));
    let answers = futures_util::future::join_all(all).await;
    let successors: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| answer.ok()["refresh_token"].to_string()).collect();
    assert_eq!(successors.len(), 1);
}

#[tokio::test]
async fn a_token_is_refreshed_by_its_own_application_only_and_never_as_a_login() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, answer) = tokens(&app, &ada.email, &json!({})).await;
    let other = register(&app, "https://app.example/").await;
    assert_refused(&token(&app, refresh(&other, &answer["refresh_token"])).await, 400, "invalid_grant");
    // What an application holds must not become a login, which could do everything.
    let as_login =
        app.anonymous().post("/v1/auth/refresh", json!({ "refresh_token": answer["refresh_token"] })).await;
    as_login.assert_problem(401, "unauthenticated", None);
    let login = json!({ "email": ada.email, "password": crate::harness::PASSWORD });
    let login = app.anonymous().post("/v1/auth/login", login).await.ok();
    assert_refused(&token(&app, refresh(&client, &login["refresh_token"])).await, 400, "invalid_grant");
    token(&app, refresh(&client, &answer["refresh_token"])).await.ok();
}

#[tokio::test]
async fn less_may_be_asked_for_but_never_more() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, answer) = tokens(&app, &ada.email, &json!({})).await;
    let with = |name: &str, value: &str| {
        let mut fields = refresh(&client, &answer["refresh_token"]);
        fields[name] = json!(value);
        fields
    };
    assert_eq!(token(&app, with("scope", "memories:read")).await.ok()["scope"], "memories:read");
    let more = with("scope", "memories:read tenancy:write");
    assert_refused(&token(&app, more).await, 400, "invalid_scope");
    assert_refused(&token(&app, with("resource", "https://mem0.test")).await, 400, "invalid_target");
    // And the grant is as it was.
    let whole = token(&app, refresh(&client, &answer["refresh_token"])).await.ok();
    assert_eq!(whole["scope"], "memories:read memories:write");
}

#[tokio::test]
async fn who_asks_for_too_much_keeps_the_token() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, answer) = tokens(&app, &ada.email, &json!({})).await;
    for (name, value, error) in [
        ("scope", "memories:read tenancy:write", "invalid_scope"),
        ("scope", "openid", "invalid_scope"),
        ("resource", "https://mem0.test", "invalid_target"),
        ("resource", "https://evil.example", "invalid_target"),
    ] {
        let mut fields = refresh(&client, &answer["refresh_token"]);
        fields[name] = json!(value);
        assert_refused(&token(&app, fields).await, 400, error);
    }
    // Long after the time in which an exchange may be repeated.
    app.advance(TimeDelta::minutes(5));
    let refreshed = token(&app, refresh(&client, &answer["refresh_token"])).await.ok();
    assert_eq!(refreshed["scope"], "memories:read memories:write");
    token(&app, refresh(&client, &refreshed["refresh_token"])).await.ok();
}

#[tokio::test]
async fn a_grant_lies_idle_for_two_months_and_ends_after_a_year() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, mut answer) = tokens(&app, &ada.email, &json!({})).await;
    for _ in 0..6 {
        app.advance(TimeDelta::days(59));
        answer = token(&app, refresh(&client, &answer["refresh_token"])).await.ok();
    }
    app.advance(TimeDelta::days(12));
    assert_refused(&token(&app, refresh(&client, &answer["refresh_token"])).await, 400, "invalid_grant");
    let (client, answer) = tokens(&app, &ada.email, &json!({})).await;
    app.advance(TimeDelta::days(60));
    assert_refused(&token(&app, refresh(&client, &answer["refresh_token"])).await, 400, "invalid_grant");
}
