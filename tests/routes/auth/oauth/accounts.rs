//! Two accounts in one browser: an answer counts for the account that the page showed.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Browser, Client as _, PASSWORD, TestApp, authorize_url, field, onward, parameter, register,
};

const REDIRECT: &str = "https://app.example/callback";

fn answered(page: &Answer, decision: &str) -> Value {
    json!({ "ticket": field(page, "ticket"), "decision": decision, "scope": "memories:read" })
}

/// Signs in as somebody else, by the button for that; where that leads.
async fn switch(browser: &mut Browser, consent: &Answer, email: &str) -> Answer {
    let switched = browser.submit("/oauth/consent", &answered(consent, "switch")).await;
    switched.assert_status(303);
    let login = browser.open(switched.header("location").unwrap()).await;
    browser.sign_in(&login, email).await
}

#[tokio::test]
async fn an_answer_is_theirs_whose_account_the_page_showed() {
    let app = TestApp::new().await;
    let (olivia, adam) = (app.registered("olivia").await, app.registered("adam").await);
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    let for_olivia = browser.sign_in(&login, &olivia.email).await;
    assert!(for_olivia.text().contains("AI tools only (MCP): https://mem0.test/mcp"), "{for_olivia}");
    let everything = json!({ "resource": "https://mem0.test" });
    let for_all = browser.open(&authorize_url(&client, REDIRECT, &everything)).await;
    assert!(for_all.text().contains("the whole API: https://mem0.test"), "{for_all}");
    // In another tab.
    let other = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    switch(&mut browser, &other, &adam.email).await;

    let again = browser.submit("/oauth/consent", &answered(&for_olivia, "allow")).await;
    again.assert_status(200);
    assert!(again.header("refresh").is_none() && again.text().contains(&adam.email), "{again}");
    assert!(again.text().contains("Another account is signed in by now"), "{again}");
    assert_eq!(adam.get("/v1/auth/applications").await.ok()["results"], json!([]));
    // Now Adam has seen that it is about him.
    let address = onward(&browser.submit("/oauth/consent", &answered(&again, "allow")).await);
    assert!(parameter(&address, "code").is_some(), "{address}");
}

#[tokio::test]
async fn a_device_is_theirs_whose_account_the_page_showed() {
    let app = TestApp::new().await;
    let (olivia, adam) = (app.registered("olivia").await, app.registered("adam").await);
    let begun =
        app.anonymous().post("/oauth/device_authorization", json!({ "client_id": "mem0-cli" })).await.ok();
    let mut browser = Browser::new(&app);
    let login = browser.open(begun["verification_uri_complete"].as_str().unwrap()).await;
    let page = browser.sign_in(&login, &olivia.email).await;
    let code = json!({ "ticket": field(&page, "ticket"), "user_code": begun["user_code"] });
    let for_olivia = browser.submit("/oauth/device", &code).await;
    let client = register(&app, REDIRECT).await;
    let other = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    switch(&mut browser, &other, &adam.email).await;

    for decision in ["allow", "deny"] {
        let again = browser.submit("/oauth/device/decision", &answered(&for_olivia, decision)).await;
        again.assert_status(200);
        assert!(again.text().contains(&adam.email) && again.text().contains("Another account"), "{again}");
    }
    let again = browser.submit("/oauth/device/decision", &answered(&for_olivia, "allow")).await;
    let done = browser.submit("/oauth/device/decision", &answered(&again, "allow")).await;
    assert!(done.text().contains("connected"), "{done}");
}

#[tokio::test]
async fn who_uses_another_account_is_signed_out_of_the_first() {
    let app = TestApp::new().await;
    let (olivia, adam) = (app.registered("olivia").await, app.registered("adam").await);
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    let before = olivia.get("/v1/auth/sessions").await.ok()["results"].as_array().unwrap().len();
    let consent = browser.sign_in(&login, &olivia.email).await;
    let kept = browser.clone();
    switch(&mut browser, &consent, &adam.email).await;

    // A cookie that was kept is worth nothing.
    let mut thief = kept;
    let page = thief.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    assert!(page.text().contains("Sign in") && !page.text().contains(&olivia.email), "{page}");
    let sessions = olivia.get("/v1/auth/sessions").await.ok();
    assert_eq!(sessions["results"].as_array().unwrap().len(), before, "{sessions}");
}

#[tokio::test]
async fn the_session_of_a_browser_ends_when_its_cookie_does() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    browser.sign_in(&login, &ada.email).await;
    app.advance(TimeDelta::hours(13));
    let body = json!({ "email": ada.email, "password": PASSWORD });
    let answer = app.anonymous().post("/v1/auth/login", body).await.ok();
    let listed = ada.with_token(answer["access_token"].as_str().unwrap()).get("/v1/auth/sessions").await.ok();
    let agents = listed["results"].as_array().unwrap().len();
    assert_eq!(agents, 2, "the first one, and this: {listed}");
}

#[tokio::test]
async fn a_question_gets_one_answer_also_if_that_is_no() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    let consent = browser.sign_in(&login, &ada.email).await;
    // The same question in another tab.
    let shown = format!("/oauth/consent?ticket={}", field(&login, "ticket"));
    let twin = browser.open(&shown).await;
    let address = onward(&browser.submit("/oauth/consent", &answered(&consent, "deny")).await);
    assert_eq!(parameter(&address, "error").as_deref(), Some("access_denied"), "{address}");
    // A second click is told the same, in both tabs; another answer is refused.
    for page in [&consent, &twin] {
        assert_eq!(onward(&browser.submit("/oauth/consent", &answered(page, "deny")).await), address);
        browser.submit("/oauth/consent", &answered(page, "allow")).await.assert_status(400);
    }
    app.advance(TimeDelta::seconds(10));
    for page in [&consent, &twin] {
        for decision in ["allow", "deny"] {
            let refused = browser.submit("/oauth/consent", &answered(page, decision)).await;
            refused.assert_status(400);
            assert!(refused.text().contains("You have answered this already."), "{refused}");
        }
    }
}
