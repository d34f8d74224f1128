//! The authorization code flow, from the request of a browser to the tokens.

use serde_json::json;

use super::{assert_refused, token};
use crate::harness::{
    Browser, Client as _, TestApp, VERIFIER, authorize_url, field, onward, parameter, register, tokens,
};

const REDIRECT: &str = "https://app.example/callback?from=mem0";

#[tokio::test]
async fn somebody_signs_in_agrees_and_the_application_gets_tokens() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    let resource = "https://mem0.test/mcp";
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({ "resource": resource }))).await;
    login.assert_status(200);
    assert!(
        login.text().contains("<h1>Sign in</h1>") && login.text().contains("Northwind Assistant"),
        "{login}"
    );

    let wrong = json!({ "ticket": field(&login, "ticket"), "email": ada.email, "password": "wrong" });
    let again = browser.submit("/oauth/login", &wrong).await;
    again.assert_status(403);
    assert!(again.text().contains("not right") && again.text().contains(&ada.email), "{again}");

    let consent = browser.sign_in(&again, &ada.email).await;
    consent.assert_status(200);
    for shown in ["Northwind Assistant", "app.example", "memories:read", "memories:write", ada.email.as_str()]
    {
        assert!(consent.text().contains(shown), "{shown}: {consent}");
    }
    let address = browser.allow(&consent, &["memories:read", "memories:write"]).await;
    assert!(address.starts_with("https://app.example/callback?from=mem0&code=m0ac_"), "{address}");
    assert_eq!(parameter(&address, "state").unwrap(), "a state & more");
    assert_eq!(parameter(&address, "iss").unwrap(), "https://mem0.test");

    let code = parameter(&address, "code").unwrap();
    let fields = json!({
        "grant_type": "authorization_code", "client_id": client, "code": code, "code_verifier": VERIFIER,
        "redirect_uri": REDIRECT, "resource": resource,
    });
    let answer = token(&app, fields).await;
    let tokens = answer.ok();
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(tokens["scope"], "memories:read memories:write");
    let assistant = ada.with_token(tokens["access_token"].as_str().unwrap());
    let listed =
        assistant.post("/mcp", json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })).await.ok();
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), mcp::tools::Tool::ALL.len());
}

#[tokio::test]
async fn who_is_signed_in_is_asked_at_once_and_may_be_somebody_else() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.registered("ada").await, app.registered("bob").await);
    let client = register(&app, REDIRECT).await;
    let url = authorize_url(&client, REDIRECT, &json!({}));
    let mut browser = Browser::new(&app);
    let login = browser.open(&url).await;
    browser.sign_in(&login, &ada.email).await;
    // Every request is asked about, also by an application that was allowed before.
    let consent = browser.open(&url).await;
    assert!(consent.text().contains(&ada.email), "{consent}");
    let switch = json!({ "ticket": field(&consent, "ticket"), "decision": "switch" });
    let answer = browser.submit("/oauth/consent", &switch).await;
    let login = browser.open(answer.header("location").unwrap()).await;
    assert!(login.text().contains("<h1>Sign in</h1>"), "{login}");
    let consent = browser.sign_in(&login, &bob.email).await;
    assert!(consent.text().contains(&bob.email), "{consent}");
}

#[tokio::test]
async fn somebody_may_refuse_or_agree_to_less() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, REDIRECT).await;
    let url =
        authorize_url(&client, REDIRECT, &json!({ "scope": "memories:read memories:write tenancy:read" }));
    let mut browser = Browser::new(&app);
    let login = browser.open(&url).await;
    let consent = browser.sign_in(&login, &ada.email).await;
    let deny = json!({ "ticket": field(&consent, "ticket"), "decision": "deny" });
    let address = onward(&browser.submit("/oauth/consent", &deny).await);
    assert_eq!(parameter(&address, "error").unwrap(), "access_denied");
    assert_eq!(parameter(&address, "state").unwrap(), "a state & more");
    assert_eq!(parameter(&address, "iss").unwrap(), "https://mem0.test");

    let consent = browser.open(&url).await;
    for scopes in [json!([]), json!(["tenancy:write"])] {
        let fields = json!({ "ticket": field(&consent, "ticket"), "decision": "allow", "scope": scopes });
        let nothing = browser.submit("/oauth/consent", &fields).await;
        nothing.assert_status(400);
        assert!(nothing.text().contains("Choose at least one, or cancel."), "{nothing}");
    }
    // The question was not answered yet. Not more than was asked for, whatever the form says.
    let address = browser.allow(&consent, &["memories:read", "tenancy:write"]).await;
    let code = parameter(&address, "code").unwrap();
    let fields = json!({
        "grant_type": "authorization_code", "client_id": client, "code": code, "code_verifier": VERIFIER,
    });
    assert_eq!(token(&app, fields).await.ok()["scope"], "memories:read");
}

#[tokio::test]
async fn a_program_on_the_persons_machine_is_answered_on_whatever_port_it_has() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, "http://127.0.0.1:1/callback").await;
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, "http://127.0.0.1:54321/callback", &json!({}))).await;
    let consent = browser.sign_in(&login, &ada.email).await;
    assert!(consent.text().contains("on this computer"), "{consent}");
    let address = browser.allow(&consent, &["memories:read"]).await;
    assert!(address.starts_with("http://127.0.0.1:54321/callback?code="), "{address}");
}

#[tokio::test]
async fn who_was_deactivated_meanwhile_gives_nothing_away() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    let consent = browser.sign_in(&login, &ada.email).await;
    let address = browser.allow(&consent, &["memories:read"]).await;
    let deactivate = "UPDATE users SET status = 'deactivated' WHERE id = $1";
    app.database().superuser().await.execute(deactivate, &[&ada.user.uuid()]).await.unwrap();
    let fields = json!({
        "grant_type": "authorization_code", "client_id": client, "code": parameter(&address, "code").unwrap(),
        "code_verifier": VERIFIER,
    });
    assert_refused(&token(&app, fields).await, 400, "invalid_grant");
    // Nor is the browser signed in any more.
    let page = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    assert!(page.text().contains("<h1>Sign in</h1>"), "{page}");
}

#[tokio::test]
async fn what_ends_somebodys_sessions_ends_what_they_allowed() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, answer) = tokens(&app, &ada.email, &json!({ "resource": "https://mem0.test" })).await;
    let assistant = ada.with_token(answer["access_token"].as_str().unwrap());
    assistant.get("/v1/ping/").await.assert_status(200);
    let end = "UPDATE sessions SET revoked_at = created_at WHERE user_id = $1";
    app.database().superuser().await.execute(end, &[&ada.user.uuid()]).await.unwrap();
    assistant.get("/v1/ping/").await.assert_problem(401, "unauthenticated", None);
    let again = super::refresh(&client, &answer["refresh_token"]);
    assert_refused(&token(&app, again).await, 400, "invalid_grant");
}
