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
    let mut code = code(&app, &ada.email, &client).await;
    let with = |code: &str, name: &str, value: Value| {
        let mut fields = redemption(&client, code);
        match value {
            Value::Null => drop(fields.as_object_mut().unwrap().remove(name)),
            value => fields[name] = value,
        }
        fields
    };
    for (name, value, error) in [
        // Another application has it (mix-up, code injection).
        ("client_id", json!(thief), "invalid_grant"),
        ("code_verifier", Value::Null, "invalid_request"),
        ("redirect_uri", json!("https://evil.example/callback"), "invalid_grant"),
        ("code", json!(format!("{code}x")), "invalid_grant"),
        ("resource", json!("https://mem0.test"), "invalid_target"),
        ("resource", json!("https://evil.example/mcp"), "invalid_target"),
        ("client_secret", json!("guess"), "invalid_client"),
    ] {
        let status = if error == "invalid_client" { 401 } else { 400 };
        assert_refused(&token(&app, with(&code, name, value)).await, status, error);
    }
    token(&app, redemption(&client, &code)).await.ok();
    // Whoever saw it go by does not know the verifier, cannot use the challenge itself, and has one attempt.
    for wrong in ["another-verifier-that-is-long-enough-to-be-one-really", &challenge()] {
        code = self::code(&app, &ada.email, &client).await;
        let guessed = with(&code, "code_verifier", json!(wrong));
        assert_refused(&token(&app, guessed).await, 400, "invalid_grant");
        assert_refused(&token(&app, redemption(&client, &code)).await, 400, "invalid_grant");
    }
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
    app.advance(TimeDelta::seconds(10));
    browser.submit("/oauth/consent", &fields).await.assert_status(400);

    let consent = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    app.advance(TimeDelta::minutes(31));
    let late = json!({ "ticket": field(&consent, "ticket"), "decision": "allow", "scope": "memories:read" });
    browser.submit("/oauth/consent", &late).await.assert_status(400);
}

/// Where a page sends the browser.
fn onward(page: &Answer) -> String {
    page.assert_status(200);
    page.header("refresh").unwrap().strip_prefix("0;url=").unwrap().to_owned()
}

/// A consent page of a new application, and the form that allows everything.
async fn consent(app: &TestApp, browser: &mut Browser, email: &str) -> (String, Value) {
    let client = register(app, REDIRECT).await;
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    let page = browser.sign_in(&login, email).await;
    let scopes = ["memories:read", "memories:write"];
    (client, json!({ "ticket": field(&page, "ticket"), "decision": "allow", "scope": scopes }))
}

#[tokio::test]
async fn a_second_click_gets_a_code_that_replaces_the_first() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let mut browser = Browser::new(&app);
    let (client, allow) = consent(&app, &mut browser, &ada.email).await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        let address = onward(&browser.submit("/oauth/consent", &allow).await);
        assert_eq!(parameter(&address, "state").unwrap(), "a state & more");
        codes.push(parameter(&address, "code").unwrap());
        app.advance(TimeDelta::seconds(3));
    }
    // Only the last is worth anything, once; then the question cannot be answered again.
    for replaced in &codes[..2] {
        assert_refused(&token(&app, redemption(&client, replaced)).await, 400, "invalid_grant");
    }
    token(&app, redemption(&client, &codes[2])).await.ok();
    browser.submit("/oauth/consent", &allow).await.assert_status(400);
    assert_eq!(ada.get("/v1/auth/applications").await.ok()["results"].as_array().unwrap().len(), 1);
    assert_refused(&token(&app, redemption(&client, &codes[2])).await, 400, "invalid_grant");

    // The time counts from the first answer, and the code expires when the first would have.
    let (client, allow) = consent(&app, &mut browser, &ada.email).await;
    browser.submit("/oauth/consent", &allow).await.assert_status(200);
    app.advance(TimeDelta::seconds(9));
    let last = onward(&browser.submit("/oauth/consent", &allow).await);
    app.advance(TimeDelta::seconds(1));
    let late = browser.submit("/oauth/consent", &allow).await;
    late.assert_status(400);
    assert!(late.text().contains("answered this already"), "{late}");
    app.advance(TimeDelta::seconds(50));
    let last = parameter(&last, "code").unwrap();
    let why = assert_refused(&token(&app, redemption(&client, &last)).await, 400, "invalid_grant");
    assert!(why.contains("expired"), "{why}");
}

#[tokio::test]
async fn clicks_at_the_same_time_get_one_code_that_counts() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let mut browser = Browser::new(&app);
    let (client, allow) = consent(&app, &mut browser, &ada.email).await;
    let clicks = (0..4).map(|_| {
        let (mut browser, allow) = (browser.clone(), allow.clone());
        async move { parameter(&onward(&browser.submit("/oauth/consent", &allow).await), "code").unwrap() }
    });
    let codes = futures_util::future::join_all(clicks).await;
    let mut issued = 0;
    for code in &codes {
        issued += usize::from(token(&app, redemption(&client, code)).await.status == 200);
    }
    assert_eq!(issued, 1, "{codes:?}");
}

#[tokio::test]
async fn an_answer_is_repeated_by_nobody_else_and_never_changed() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.registered("ada").await, app.registered("bob").await);
    let mut browser = Browser::new(&app);
    let (client, allow) = consent(&app, &mut browser, &ada.email).await;
    let address = onward(&browser.submit("/oauth/consent", &allow).await);
    let with = |name: &str, value: Value| {
        let mut fields = allow.clone();
        fields[name] = value;
        fields
    };
    // Another answer.
    for other in [with("scope", json!("memories:read")), with("decision", json!("deny"))] {
        browser.submit("/oauth/consent", &other).await.assert_status(400);
    }
    // Another browser, of the same person, and the same browser under another account.
    let mut elsewhere = Browser::new(&app);
    let login = elsewhere.open("/oauth/applications").await;
    elsewhere.sign_in(&login, &ada.email).await;
    elsewhere.submit("/oauth/consent", &allow).await.assert_status(400);
    let login = browser.open("/oauth/device").await;
    let mut other = browser.clone();
    let switch = json!({ "ticket": field(&login, "ticket"), "decision": "switch", "user_code": "BBBB-BBBB" });
    let switched = other.submit("/oauth/device", &switch).await;
    let login = other.open(switched.header("location").unwrap()).await;
    other.sign_in(&login, &bob.email).await;
    let asked_again = other.submit("/oauth/consent", &allow).await;
    assert!(asked_again.header("refresh").is_none(), "{asked_again}");
    assert!(asked_again.text().contains("Another account is signed in by now"), "{asked_again}");
    let theirs = with("ticket", json!(field(&asked_again, "ticket")));
    other.submit("/oauth/consent", &theirs).await;
    // None of it touched the code.
    token(&app, redemption(&client, &parameter(&address, "code").unwrap())).await.ok();
    assert!(bob.get("/v1/auth/applications").await.ok()["results"].as_array().unwrap().is_empty());

    // A refusal is repeated, too, and becomes no agreement.
    let (_, allow) = consent(&app, &mut Browser::new(&app), &bob.email).await;
    browser.submit("/oauth/consent", &allow).await.assert_status(400);
    let mut browser = Browser::new(&app);
    let (_, allow) = consent(&app, &mut browser, &ada.email).await;
    let deny = json!({ "ticket": allow["ticket"], "decision": "deny" });
    let first = onward(&browser.submit("/oauth/consent", &deny).await);
    assert_eq!(first, onward(&browser.submit("/oauth/consent", &deny).await));
    assert_eq!(parameter(&first, "error").unwrap(), "access_denied");
    browser.submit("/oauth/consent", &allow).await.assert_status(400);
    app.advance(TimeDelta::seconds(10));
    browser.submit("/oauth/consent", &deny).await.assert_status(400);
}

#[tokio::test]
async fn a_code_that_ended_is_not_replaced() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let mut browser = Browser::new(&app);
    let (client, allow) = consent(&app, &mut browser, &ada.email).await;
    let code = parameter(&onward(&browser.submit("/oauth/consent", &allow).await), "code").unwrap();
    let mut wrong = redemption(&client, &code);
    wrong["code_verifier"] = json!("another-verifier-that-is-long-enough-to-be-one-really");
    assert_refused(&token(&app, wrong).await, 400, "invalid_grant");
    assert_refused(&token(&app, redemption(&client, &code)).await, 400, "invalid_grant");
    browser.submit("/oauth/consent", &allow).await.assert_status(400);
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
