//! Devices without a browser (RFC 8628).

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{assert_refused, token};
use crate::harness::{Answer, Browser, Client as _, TestApp, field};

async fn begin(app: &TestApp) -> Value {
    let fields = json!({ "client_id": "mem0-cli", "scope": "memories:read memories:write" });
    app.anonymous().post("/oauth/device_authorization", fields).await.ok()
}

async fn poll(app: &TestApp, begun: &Value) -> Answer {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let fields = json!({ "grant_type": grant, "client_id": "mem0-cli", "device_code": begun["device_code"] });
    token(app, fields).await
}

/// Signs in where the device sends its person, and comes to the question whether it may.
async fn asked(browser: &mut Browser, begun: &Value, email: &str) -> Answer {
    let login = browser.open(begun["verification_uri_complete"].as_str().unwrap()).await;
    let page = browser.sign_in(&login, email).await;
    let code = field(&page, "user_code");
    assert_eq!(json!(code), begun["user_code"], "the code is filled in");
    let fields = json!({ "ticket": field(&page, "ticket"), "user_code": code.to_lowercase() });
    browser.submit("/oauth/device", &fields).await
}

#[tokio::test]
async fn a_person_agrees_elsewhere() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let begun = begin(&app).await;
    assert_eq!((&begun["expires_in"], &begun["interval"]), (&json!(600), &json!(5)));
    assert_eq!(begun["verification_uri"], "https://mem0.test/oauth/device");
    assert_refused(&poll(&app, &begun).await, 400, "authorization_pending");

    let mut browser = Browser::new(&app);
    let page = asked(&mut browser, &begun, &ada.email).await;
    page.assert_status(200);
    for shown in ["mem0 command line", begun["user_code"].as_str().unwrap(), &ada.email, "Search and read"] {
        assert!(page.text().contains(shown), "{shown}: {page}");
    }
    let scopes = ["memories:read", "memories:write"];
    let fields = json!({ "ticket": field(&page, "ticket"), "decision": "allow", "scope": scopes });
    let done = browser.submit("/oauth/device/decision", &fields).await;
    assert!(done.text().contains("connected"), "{done}");

    app.advance(TimeDelta::seconds(5));
    let tokens = poll(&app, &begun).await.ok();
    let device = ada.with_token(tokens["access_token"].as_str().unwrap());
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    device.post("/mcp", list).await.assert_status(200);
    assert_refused(&poll(&app, &begun).await, 400, "invalid_grant");
    let refreshed = token(&app, super::refresh("mem0-cli", &tokens["refresh_token"])).await.ok();
    assert!(refreshed["access_token"].is_string());
}

#[tokio::test]
async fn a_second_click_says_the_same_and_nothing_else_does() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.registered("ada").await, app.registered("bob").await);
    for (decision, said) in [("allow", "The device is connected"), ("deny", "Nothing was connected")] {
        let begun = begin(&app).await;
        let mut browser = Browser::new(&app);
        let page = asked(&mut browser, &begun, &ada.email).await;
        let form = |decision: &str, scopes: Value| json!({ "ticket": field(&page, "ticket"), "decision": decision, "scope": scopes });
        let (all, one) = (json!(["memories:read", "memories:write"]), json!(["memories:read"]));
        let mut before = browser.clone();
        for _ in 0..2 {
            let done = browser.submit("/oauth/device/decision", &form(decision, all.clone())).await;
            assert!(done.text().contains(said), "{done}");
            app.advance(TimeDelta::seconds(3));
        }
        // Another answer, or the same of another browser or account.
        let other = if decision == "allow" { "deny" } else { "allow" };
        browser.submit("/oauth/device/decision", &form(other, all.clone())).await.assert_status(400);
        if decision == "allow" {
            browser.submit("/oauth/device/decision", &form("allow", one)).await.assert_status(400);
        }
        let login = before.open("/oauth/device").await;
        let switch =
            json!({ "ticket": field(&login, "ticket"), "decision": "switch", "user_code": "BBBB-BBBB" });
        let switched = before.submit("/oauth/device", &switch).await;
        let login = before.open(switched.header("location").unwrap()).await;
        before.sign_in(&login, &bob.email).await;
        before.submit("/oauth/device/decision", &form(decision, all.clone())).await.assert_status(400);
        let mut elsewhere = Browser::new(&app);
        let login = elsewhere.open("/oauth/applications").await;
        elsewhere.sign_in(&login, &ada.email).await;
        elsewhere.submit("/oauth/device/decision", &form(decision, all.clone())).await.assert_status(400);

        let polled = poll(&app, &begun).await;
        if decision == "allow" {
            assert_eq!(polled.ok()["scope"], "memories:read memories:write");
        } else {
            assert_refused(&polled, 400, "access_denied");
        }
        let mut browser = Browser::new(&app);
        let begun = begin(&app).await;
        let page = asked(&mut browser, &begun, &ada.email).await;
        let fields = json!({ "ticket": field(&page, "ticket"), "decision": decision, "scope": all });
        browser.submit("/oauth/device/decision", &fields).await.assert_status(200);
        app.advance(TimeDelta::seconds(10));
        browser.submit("/oauth/device/decision", &fields).await.assert_status(400);
    }
}

#[tokio::test]
async fn a_device_that_is_hasty_late_or_refused_is_told() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let begun = begin(&app).await;
    assert_refused(&poll(&app, &begun).await, 400, "authorization_pending");
    app.advance(TimeDelta::seconds(1));
    assert_refused(&poll(&app, &begun).await, 400, "slow_down");
    app.advance(TimeDelta::seconds(5));
    assert_refused(&poll(&app, &begun).await, 400, "slow_down");
    app.advance(TimeDelta::seconds(30));
    assert_refused(&poll(&app, &begun).await, 400, "authorization_pending");

    let mut browser = Browser::new(&app);
    let page = asked(&mut browser, &begun, &ada.email).await;
    let deny = json!({ "ticket": field(&page, "ticket"), "decision": "deny" });
    browser.submit("/oauth/device/decision", &deny).await.assert_status(200);
    assert_refused(&poll(&app, &begun).await, 400, "access_denied");

    let late = begin(&app).await;
    app.advance(TimeDelta::minutes(10));
    assert_refused(&poll(&app, &late).await, 400, "expired_token");
    let mut unknown = late.clone();
    unknown["device_code"] = json!("m0dc_unknown");
    assert_refused(&poll(&app, &unknown).await, 400, "invalid_grant");
}

#[tokio::test]
async fn codes_cannot_be_guessed() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let begun = begin(&app).await;
    let mut browser = Browser::new(&app);
    let login = browser.open("/oauth/device").await;
    let page = browser.sign_in(&login, &ada.email).await;
    let ticket = field(&page, "ticket");
    for _ in 0..10 {
        let fields = json!({ "ticket": ticket, "user_code": "BBBB-BBBB" });
        let answer = browser.submit("/oauth/device", &fields).await;
        answer.assert_status(400);
        assert!(answer.text().contains("not known"), "{answer}");
    }
    // Now not even the right one.
    let fields = json!({ "ticket": ticket, "user_code": begun["user_code"] });
    let answer = browser.submit("/oauth/device", &fields).await;
    answer.assert_status(429);
    assert!(answer.text().contains("Too many wrong codes. Try again in "), "{answer}");
    assert!(answer.header("retry-after").is_some(), "{answer}");
}

#[tokio::test]
async fn devices_that_somebody_agreed_to_do_not_count_against_their_address() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    for _ in 0..45 {
        let begun = begin(&app).await;
        let mut browser = Browser::new(&app);
        let page = asked(&mut browser, &begun, &ada.email).await;
        let fields =
            json!({ "ticket": field(&page, "ticket"), "decision": "allow", "scope": "memories:read" });
        browser.submit("/oauth/device/decision", &fields).await.assert_status(200);
        poll(&app, &begun).await.ok();
    }
    // Those that nobody agrees to do.
    let fields = json!({ "client_id": "mem0-cli" });
    let mut statuses = Vec::new();
    for _ in 0..42 {
        let answer = app.anonymous().post("/oauth/device_authorization", fields.clone()).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!((statuses[0], statuses[41]), (200, 429), "{statuses:?}");
}

#[tokio::test]
async fn only_who_registered_for_it_may_begin() {
    let app = TestApp::new().await;
    let client = crate::harness::register(&app, "https://app.example/").await;
    let begin = async |fields: Value| app.anonymous().post("/oauth/device_authorization", fields).await;
    assert_refused(&begin(json!({ "client_id": client })).await, 400, "unauthorized_client");
    assert_refused(&begin(json!({ "client_id": "unknown" })).await, 401, "invalid_client");
    assert_refused(&begin(json!({ "client_id": "mem0-cli", "scope": "openid" })).await, 400, "invalid_scope");
    let elsewhere = json!({ "client_id": "mem0-cli", "resource": "https://evil.example" });
    assert_refused(&begin(elsewhere).await, 400, "invalid_target");
}

#[tokio::test]
async fn a_device_may_be_given_less_than_it_asks_for() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    for (scopes, given) in [
        (json!(["memories:read"]), "memories:read"),
        // Not more than was asked for, whatever the form says.
        (json!(["memories:write", "tenancy:write"]), "memories:write"),
    ] {
        let begun = begin(&app).await;
        let mut browser = Browser::new(&app);
        let page = asked(&mut browser, &begun, &ada.email).await;
        for scope in ["memories:read", "memories:write"] {
            let shown = format!("type=\"checkbox\" name=\"scope\" value=\"{scope}\" checked");
            assert!(page.text().contains(&shown), "{page}");
        }
        let fields = json!({ "ticket": field(&page, "ticket"), "decision": "allow", "scope": scopes });
        browser.submit("/oauth/device/decision", &fields).await.assert_status(200);
        assert_eq!(poll(&app, &begun).await.ok()["scope"], given);
    }
}

#[tokio::test]
async fn agreeing_to_nothing_asks_again() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let begun = begin(&app).await;
    let mut browser = Browser::new(&app);
    let page = asked(&mut browser, &begun, &ada.email).await;
    let fields = json!({ "ticket": field(&page, "ticket"), "decision": "allow" });
    let page = browser.submit("/oauth/device/decision", &fields).await;
    page.assert_status(400);
    assert!(page.text().contains("Choose at least one, or cancel."), "{page}");
    assert_refused(&poll(&app, &begun).await, 400, "authorization_pending");
    let fields = json!({ "ticket": field(&page, "ticket"), "decision": "allow", "scope": "memories:read" });
    browser.submit("/oauth/device/decision", &fields).await.assert_status(200);
    app.advance(TimeDelta::seconds(5));
    assert_eq!(poll(&app, &begun).await.ok()["scope"], "memories:read");
}

#[tokio::test]
async fn another_account_can_be_used_on_both_pages() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.registered("ada").await, app.registered("bob").await);
    let begun = begin(&app).await;
    let mut browser = Browser::new(&app);
    let login = browser.open("/oauth/device").await;
    let code_page = browser.sign_in(&login, &ada.email).await;
    let ended = browser.clone();
    // The code that was typed already is not lost.
    let fields = json!({ "ticket": field(&code_page, "ticket"), "decision": "switch", "user_code": begun["user_code"] });
    let switched = browser.submit("/oauth/device", &fields).await;
    switched.assert_status(303);
    let login = browser.open(switched.header("location").unwrap()).await;
    assert!(login.text().contains("Sign in"), "{login}");
    let mut ended = ended;
    let login_again = ended.open("/oauth/device").await;
    assert!(login_again.text().contains("Sign in"), "copies of the cookie are worthless: {login_again}");

    let code_page = browser.sign_in(&login, &ada.email).await;
    let fields =
        json!({ "ticket": field(&code_page, "ticket"), "user_code": field(&code_page, "user_code") });
    let page = browser.submit("/oauth/device", &fields).await;
    assert!(page.text().contains(&ada.email), "{page}");
    let fields = json!({ "ticket": field(&page, "ticket"), "decision": "switch" });
    let switched = browser.submit("/oauth/device/decision", &fields).await;
    switched.assert_status(303);
    let login = browser.open(switched.header("location").unwrap()).await;
    let code_page = browser.sign_in(&login, &bob.email).await;
    assert_eq!(json!(field(&code_page, "user_code")), begun["user_code"]);
    assert!(code_page.text().contains(&bob.email), "{code_page}");
    assert_refused(&poll(&app, &begun).await, 400, "authorization_pending");
}
