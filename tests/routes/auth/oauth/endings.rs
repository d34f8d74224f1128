//! What somebody agreed to ends with their sessions, also before an application exchanged it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::Role;

use super::{assert_refused, token};
use crate::harness::{
    Actor, Answer, Browser, Client as _, PASSWORD, TestApp, VERIFIER, authorize_url, field, parameter,
    register,
};

const REDIRECT: &str = "https://app.example/callback";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Agrees to an authorization request; returns what the application exchanges.
async fn code(app: &TestApp, person: &Actor) -> Value {
    let client = register(app, REDIRECT).await;
    let mut browser = Browser::new(app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    let consent = browser.sign_in(&login, &person.email).await;
    let address = browser.allow(&consent, &["memories:read"]).await;
    json!({
        "grant_type": "authorization_code", "client_id": client, "code": parameter(&address, "code").unwrap(),
        "code_verifier": VERIFIER,
    })
}

/// Approves a device; returns what it polls with.
async fn device(app: &TestApp, person: &Actor) -> Value {
    let begun =
        app.anonymous().post("/oauth/device_authorization", json!({ "client_id": "mem0-cli" })).await.ok();
    let mut browser = Browser::new(app);
    let login = browser.open(begun["verification_uri_complete"].as_str().unwrap()).await;
    let page = browser.sign_in(&login, &person.email).await;
    let fields = json!({ "ticket": field(&page, "ticket"), "user_code": begun["user_code"] });
    let page = browser.submit("/oauth/device", &fields).await;
    let fields = json!({ "ticket": field(&page, "ticket"), "decision": "allow", "scope": "memories:read" });
    browser.submit("/oauth/device/decision", &fields).await.assert_status(200);
    json!({ "grant_type": DEVICE, "client_id": "mem0-cli", "device_code": begun["device_code"] })
}

#[derive(Debug, Clone, Copy)]
enum Way {
    LogOutEverywhere,
    ChangePassword,
    ResetPassword,
    EndedByAdministrator,
    Deactivated,
}

impl Way {
    async fn go(self, ada: &Actor, boss: &Actor) {
        let new = "seven quiet otters";
        let of = format!("/v1/users/{}", ada.user);
        let done = match self {
            Self::LogOutEverywhere => ada.post("/v1/auth/logout-everywhere", json!({})).await,
            Self::ChangePassword => {
                let body = json!({ "current_password": PASSWORD, "new_password": new });
                ada.post("/v1/auth/password", body).await
            }
            Self::ResetPassword => {
                let reset = boss.post(&format!("{of}/password-reset"), json!({})).await.ok();
                let body = json!({ "token": reset["token"], "new_password": new });
                boss.app().anonymous().post("/v1/auth/password/reset", body).await
            }
            Self::EndedByAdministrator => boss.delete(&format!("{of}/sessions")).await,
            Self::Deactivated => {
                let done: Answer = boss.post(&format!("{of}/deactivate"), json!({})).await;
                assert!(done.status.is_success(), "{done}");
                boss.post(&format!("{of}/reactivate"), json!({})).await
            }
        };
        assert!(done.status.is_success(), "{self:?}: {done}");
    }
}

#[tokio::test]
async fn what_was_agreed_to_and_not_exchanged_ends_with_the_sessions() {
    let ways = [
        Way::LogOutEverywhere,
        Way::ChangePassword,
        Way::ResetPassword,
        Way::EndedByAdministrator,
        Way::Deactivated,
    ];
    for way in ways {
        let app = TestApp::new().await;
        let ada = app.registered("ada").await;
        let boss = ada.enterprise_colleague("boss", Role::Owner).await;
        let (code, device) = (code(&app, &ada).await, device(&app, &ada).await);
        let of_another = self::device(&app, &app.registered("bob").await).await;
        way.go(&ada, &boss).await;
        assert_refused(&token(&app, code).await, 400, "invalid_grant");
        let why = assert_refused(&token(&app, device).await, 400, "access_denied");
        assert!(why.contains("withdrawn"), "{why}");
        token(&app, of_another).await.ok();
    }
}

#[tokio::test]
async fn an_exchange_and_the_end_of_all_sessions_wait_for_each_other() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    for through_device in [false, true] {
        let fields = if through_device { device(&app, &ada).await } else { code(&app, &ada).await };
        // Both wait for the account, whichever comes first.
        let holder = app.database().another_superuser().await;
        holder.batch_execute("BEGIN; SELECT FROM users FOR NO KEY UPDATE").await.unwrap();
        let exchange = tokio::spawn({
            let (app, fields) = (app.clone(), fields.clone());
            async move { token(&app, fields).await }
        });
        app.database().until_waiting(1).await;
        let ending = tokio::spawn({
            let ada = ada.with_new_login().await;
            async move { ada.post("/v1/auth/logout-everywhere", json!({})).await }
        });
        app.database().until_waiting(2).await;
        holder.batch_execute("COMMIT").await.unwrap();
        let (exchanged, ended) = (exchange.await.unwrap(), ending.await.unwrap());
        ended.assert_status(204);
        if exchanged.status == 200 {
            let application = ada.with_token(exchanged.json()["access_token"].as_str().unwrap());
            application.get("/v1/auth/me").await.assert_problem(401, "unauthenticated", None);
        }
        app.advance(TimeDelta::seconds(6));
        assert_eq!(token(&app, fields).await.status, 400);
    }
}

#[tokio::test]
async fn nothing_is_agreed_to_in_a_session_that_has_ended() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = register(&app, REDIRECT).await;
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    let consent = browser.sign_in(&login, &ada.email).await;
    let ticket = field(&consent, "ticket");
    // The request is authenticated and then waits for the account, whose sessions end meanwhile.
    let holder = app.database().another_superuser().await;
    holder.batch_execute("BEGIN; SELECT FROM users FOR NO KEY UPDATE").await.unwrap();
    let answer = tokio::spawn(async move {
        let fields = json!({ "ticket": ticket, "decision": "allow", "scope": "memories:read" });
        browser.submit("/oauth/consent", &fields).await
    });
    app.database().until_waiting(1).await;
    holder.batch_execute("UPDATE sessions SET revoked_at = now(); COMMIT").await.unwrap();
    let answer = answer.await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("refresh")), (401, None), "{answer}");
    let codes = "SELECT count(*) FROM oauth_codes";
    assert_eq!(app.database().superuser().await.query_one(codes, &[]).await.unwrap().get::<_, i64>(0), 0);
}
