//! Applications whose id is the address of a document about them.
//!
//! Their documents are on this machine here, which only tests may reach; that no other address near the server is read is
//! tested beside `fetch`.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::IntoResponse as _;
use axum::routing::get;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Browser, TestApp, VERIFIER, authorize_url, parameter};

const REDIRECT: &str = "http://127.0.0.1:1/callback";

/// A site with documents at some addresses; where it is.
async fn site() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let at = |path: &str, more: Value| {
        let mut document = json!({
            "client_id": format!("{base}{path}"), "client_name": "Documented", "redirect_uris": [REDIRECT],
        });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let text = document.to_string();
        get(async move || ([(CONTENT_TYPE, "application/json")], text))
    };
    let huge = "x".repeat(100_000);
    let router = Router::new()
        .route("/client.json", at("/client.json", json!({})))
        .route("/other.json", at("/client.json", json!({})))
        .route(
            "/secret.json",
            at("/secret.json", json!({ "token_endpoint_auth_method": "client_secret_post" })),
        )
        .route("/script.json", at("/script.json", json!({ "redirect_uris": ["javascript:alert(1)"] })))
        .route("/huge.json", at("/huge.json", json!({ "more": huge })))
        .route("/text.json", get(async || "{}"))
        .route(
            "/moved.json",
            get(async || (StatusCode::FOUND, [(LOCATION, "/client.json")]).into_response()),
        );
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

#[tokio::test]
async fn an_application_needs_no_registration() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = format!("{}/client.json", site().await);
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    login.assert_status(200);
    let consent = browser.sign_in(&login, &ada.email).await;
    assert!(consent.text().contains("Documented"), "{consent}");
    let address = browser.allow(&consent, &["memories:read"]).await;
    let fields = json!({
        "grant_type": "authorization_code", "client_id": client, "code": parameter(&address, "code").unwrap(),
        "code_verifier": VERIFIER,
    });
    super::token(&app, fields).await.ok();
}

#[tokio::test]
async fn a_document_that_is_not_what_it_should_be_is_refused() {
    let app = TestApp::new().await;
    let base = site().await;
    let mut browser = Browser::new(&app);
    for path in [
        "/other.json",
        "/secret.json",
        "/script.json",
        "/huge.json",
        "/text.json",
        "/moved.json",
        "/missing.json",
        "/",
        "",
        "/a/../client.json",
        "/client.json#x",
    ] {
        let answer = browser.open(&authorize_url(&format!("{base}{path}"), REDIRECT, &json!({}))).await;
        answer.assert_status(400);
        assert!(answer.text().contains("client_id"), "{path}: {answer}");
    }
    // Elsewhere than on this machine nothing is even looked for here; and in installations the other way round.
    for elsewhere in ["http://169.254.169.254/x", "https://10.0.0.1/x", "http://mem0.invalid/x"] {
        browser.open(&authorize_url(elsewhere, REDIRECT, &json!({}))).await.assert_status(400);
    }
    // A redirect URI that it does not name.
    let client = format!("{base}/client.json");
    browser.open(&authorize_url(&client, "https://evil.example/", &json!({}))).await.assert_status(400);
}

#[tokio::test]
async fn a_document_is_read_again_after_an_hour() {
    let app = TestApp::new().await;
    let base = site().await;
    let url = authorize_url(&format!("{base}/client.json"), REDIRECT, &json!({}));
    let mut browser = Browser::new(&app);
    browser.open(&url).await.assert_status(200);
    let rename = "UPDATE oauth_clients SET redirect_uris = '{https://old.example/}'";
    app.database().superuser().await.execute(rename, &[]).await.unwrap();
    browser.open(&url).await.assert_status(400);
    app.advance(TimeDelta::hours(1));
    browser.open(&url).await.assert_status(200);
}

#[tokio::test]
async fn nobody_has_addresses_asked_by_us_all_the_time() {
    let app = TestApp::new().await;
    let base = site().await;
    let mut browser = Browser::new(&app);
    let url = |path: &str| authorize_url(&format!("{base}{path}"), REDIRECT, &json!({}));
    // One that could not be read is not tried again for a minute, even if it could be by then.
    let first = browser.open(&url("/missing.json")).await;
    assert!(first.assert_status(400).text().contains("answered 404"), "{first}");
    let second = browser.open(&url("/missing.json")).await;
    assert!(second.assert_status(400).text().contains("try again in a minute"), "{second}");
    browser.open(&url("/client.json")).await.assert_status(200);
    app.advance(TimeDelta::seconds(61));
    let third = browser.open(&url("/missing.json")).await;
    assert!(third.assert_status(400).text().contains("answered 404"), "{third}");
    // And an address has few of them asked, however many it names.
    let mut statuses = Vec::new();
    for number in 0..40 {
        statuses.push(browser.open(&url(&format!("/missing-{number}.json"))).await.status.as_u16());
    }
    assert_eq!((statuses[0], statuses[39]), (400, 429), "{statuses:?}");
    // What is known already needs no asking.
    browser.open(&url("/client.json")).await.assert_status(200);
}

#[tokio::test]
async fn what_is_near_this_server_cannot_be_told_from_what_is_nowhere() {
    let app = TestApp::new().await;
    let mut browser = Browser::new(&app);
    let mut told = Vec::new();
    // Nobody listens there; and there is no such name.
    for address in ["http://127.0.0.1:1/client.json", "http://nobody.invalid/client.json"] {
        let answer = browser.open(&authorize_url(address, REDIRECT, &json!({}))).await;
        answer.assert_status(400);
        let (_, rest) = answer.text().split_once("role=\"alert\">").unwrap();
        told.push(rest.split_once('<').unwrap().0.to_owned());
    }
    assert_eq!(told[0], told[1]);
}
