//! Attacks: stolen codes and answers, foreign redirects, forms from foreign pages.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{assert_refused, refresh, token};
use crate::harness::{
    Answer, Browser, Client as _, TestApp, VERIFIER, authorize_url, challenge, field, parameter, register,
};

const REDIRECT: &str = "https://app.example/callback";

/// A code that somebody got for an application.
async fn code(app: &TestApp, email: &str, client: &str) -> String {
    let mut browser = Browser::new(app);
    let login = browser.open(&authorize_url(client, REDIRECT, &json!({}))).await;
    let consent = browser.sign_in(&login, email).await;
    let address = browser.allow(&consent, &["memories:read", "memories:write"]).await;
    parameter(&address, "code").unwrap()
}

fn redemption(client: &str, code: &str) -> Value {
    json!({
        "grant_type": "authorization_code", "client_id": client, "code": code, "code_verifier": VERIFIER,
        "redirect_uri": REDIRECT,
    })
}

/// Where a page's link leads.
fn link(page: &Answer) -> String {
    let (_, rest) = page.text().split_once("href=\"").unwrap();
    rest.split_once('"').unwrap().0.replace("&amp;", "&")
}

#[tokio::test]
async fn a_code_that_is_used_twice_ends_what_it_was_exchanged_for() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, REDIRECT).await;
    let code = code(&app, &ada.email, &client).await;
    let first = token(&app, redemption(&client, &code)).await.ok();
    let assistant = ada.with_token(first["access_token"].as_str().unwrap());
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    assistant.post("/mcp", list.clone()).await.assert_status(200);
    assert_refused(&token(&app, redemption(&client, &code)).await, 400, "invalid_grant");
    assistant.post("/mcp", list).await.assert_problem(401, "unauthenticated", None);
    assert_refused(&token(&app, refresh(&client, &first["refresh_token"])).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, REDIRECT).await;
    let late = code(&app, &ada.email, &client).await;
    app.advance(TimeDelta::seconds(60));
    assert!(
        assert_refused(&token(&app, redemption(&client, &late)).await, 400, "invalid_grant")
            .contains("expired")
    );
}

#[tokio::test]
async fn a_code_is_worth_nothing_in_other_hands() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, thief) = (register(&app, REDIRECT).await, register(&app, REDIRECT).await);
    let code = code(&app, &ada.email, &client).await;
    let with = |name: &str, value: Value| {
        let mut fields = redemption(&client, &code);
        match value {
            Value::Null => drop(fields.as_object_mut().unwrap().remove(name)),
            value => fields[name] = value,
        }
        fields
    };
    for (fields, error) in [
        // Another application has it (mix-up, code injection).
        (with("client_id", json!(thief)), "invalid_grant"),
        // Whoever saw it go by does not know the verifier, nor can do without or with the challenge itself.
        (with("code_verifier", Value::Null), "invalid_request"),
        (
            with("code_verifier", json!("another-verifier-that-is-long-enough-to-be-one-really")),
            "invalid_grant",
        ),
        (with("code_verifier", json!(challenge())), "invalid_grant"),
        (with("redirect_uri", json!("https://evil.example/callback")), "invalid_grant"),
        (with("code", json!(format!("{code}x"))), "invalid_grant"),
        (with("resource", json!("https://mem0.test")), "invalid_target"),
        (with("resource", json!("https://evil.example/mcp")), "invalid_target"),
        (with("client_secret", json!("guess")), "invalid_client"),
    ] {
        let status = if error == "invalid_client" { 401 } else { 400 };
        assert_refused(&token(&app, fields.clone()).await, status, error);
    }
    token(&app, redemption(&client, &code)).await.ok();
}

#[tokio::test]
async fn nothing_is_sent_where_the_application_did_not_register() {
    let app = TestApp::new().await;
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    for redirect in [
        json!("https://evil.example/callback"),
        json!("https://app.example/callback/"),
        json!("https://app.example/callback?more"),
        json!("https://app.example.evil.example/callback"),
        json!("https://app.example@evil.example/callback"),
        json!("http://app.example/callback"),
        json!("javascript:alert(document.cookie)"),
        json!("javascript://app.example/callback%0aalert(1)"),
        json!("data:text/html,<script>alert(1)</script>"),
        json!("//evil.example"),
        Value::Null,
    ] {
        let answer =
            browser.open(&authorize_url(&client, REDIRECT, &json!({ "redirect_uri": redirect }))).await;
        answer.assert_status(400);
        assert_eq!(answer.header("location"), None, "{answer}");
        assert!(!answer.text().contains("evil") && !answer.text().contains("alert("), "{answer}");
    }
    for unknown in [json!("m0cl_unknown"), json!("<script>"), json!("mem0"), Value::Null] {
        let answer = browser.open(&authorize_url(&client, REDIRECT, &json!({ "client_id": unknown }))).await;
        answer.assert_status(400);
        assert_eq!(answer.header("location"), None, "{answer}");
    }
}

#[tokio::test]
async fn what_else_is_wrong_is_told_to_the_application_if_its_person_wants_that() {
    let app = TestApp::new().await;
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    for (change, error) in [
        // PKCE cannot be left out, nor be weakened (downgrade).
        (json!({ "code_challenge": null }), "invalid_request"),
        (json!({ "code_challenge_method": "plain", "code_challenge": VERIFIER }), "invalid_request"),
        (json!({ "code_challenge_method": null }), "invalid_request"),
        (json!({ "code_challenge": "short" }), "invalid_request"),
        (json!({ "response_type": "token" }), "unsupported_response_type"),
        (json!({ "response_type": null }), "unsupported_response_type"),
        (json!({ "scope": "openid email" }), "invalid_scope"),
        (json!({ "resource": "https://evil.example/mcp" }), "invalid_target"),
        (json!({ "resource": ["https://mem0.test/mcp", "https://mem0.test"] }), "invalid_target"),
        (json!({ "request": "eyJ" }), "invalid_request"),
        (json!({ "request_uri": "https://evil.example/" }), "invalid_request"),
        (json!({ "response_mode": "fragment" }), "invalid_request"),
    ] {
        let answer = browser.open(&authorize_url(&client, REDIRECT, &change)).await;
        // Anybody can register: nobody is sent there who has not seen where that is.
        answer.assert_status(400);
        assert!(answer.header("location").is_none() && answer.header("refresh").is_none(), "{answer}");
        assert!(answer.text().contains("Tell the application at app.example what went wrong"), "{answer}");
        let address = link(&answer);
        assert!(address.starts_with("https://app.example/callback?error="), "{change}: {address}");
        assert_eq!(parameter(&address, "error").unwrap(), error, "{change}: {address}");
        assert_eq!(parameter(&address, "state").unwrap(), "a state & more");
        assert_eq!(parameter(&address, "iss").unwrap(), "https://mem0.test");
    }
    let twice = format!("{}&state=other", authorize_url(&client, REDIRECT, &json!({})));
    browser.open(&twice).await.assert_status(400);
}

#[tokio::test]
async fn a_form_is_good_for_one_answer_in_one_browser() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    let consent = browser.sign_in(&login, &ada.email).await;
    let ticket = field(&consent, "ticket");
    let fields = json!({ "ticket": ticket, "decision": "allow", "scope": "memories:read" });

    // A page of somebody else's has the person's browser send a form: its origin gives it away, and its ticket, which
    // the attacker's own browser was given, is bound to that.
    let mut attacker = Browser::new(&app);
    let theirs = attacker.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    let planted =
        json!({ "ticket": field(&theirs, "ticket"), "decision": "allow", "scope": "memories:read" });
    browser.submit("/oauth/consent", &planted).await.assert_status(400);
    attacker.submit("/oauth/consent", &fields).await.assert_status(400);
    for header in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        browser.submit_with("/oauth/consent", &fields, &[header]).await.assert_status(400);
        let sign_in = json!({ "ticket": field(&login, "ticket"), "email": ada.email, "password": "x" });
        browser.submit_with("/oauth/login", &sign_in, &[header]).await.assert_status(400);
    }
    for spoiled in [format!("{ticket}x"), "a.b.c".to_owned(), String::new()] {
        let fields = json!({ "ticket": spoiled, "decision": "allow", "scope": "memories:read" });
        browser.submit("/oauth/consent", &fields).await.assert_status(400);
    }
    browser
        .submit_with("/oauth/consent", &fields, &[("origin", "https://mem0.test")])
        .await
        .assert_status(200);
    browser.submit("/oauth/consent", &fields).await.assert_status(400);

    let consent = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    app.advance(TimeDelta::minutes(31));
    let late = json!({ "ticket": field(&consent, "ticket"), "decision": "allow", "scope": "memories:read" });
    browser.submit("/oauth/consent", &late).await.assert_status(400);
}

#[tokio::test]
async fn a_cookie_that_was_planted_before_the_login_is_worth_nothing_after() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    browser.sign_in(&login, &ada.email).await;
    let sessions = "SELECT count(*) FROM sessions WHERE user_id = $1";
    let client_of_database = app.database().superuser().await;
    let before: i64 = client_of_database.query_one(sessions, &[&ada.user.uuid()]).await.unwrap().get(0);
    browser.sign_in(&login, &ada.email).await;
    let after: i64 = client_of_database.query_one(sessions, &[&ada.user.uuid()]).await.unwrap().get(0);
    assert_eq!(after, before + 1, "each login is a session of its own");
    let cookie =
        login.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect::<Vec<_>>();
    for cookie in cookie {
        for attribute in ["__Host-", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}
