//! Applications whose id is the URL of their metadata document.
//!
//! Here the documents are on this machine, which only tests may reach; the tests of `fetch` check that no other
//! address near the server is read.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::IntoResponse as _;
use axum::routing::get;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::signer::Signer;
use crate::harness::{Browser, Client as _, TestApp, VERIFIER, authorize_url, parameter};

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
        .route("/away.json", once(&base))
        .route("/text.json", get(async || "{}"))
        .route(
            "/moved.json",
            get(async || (StatusCode::FOUND, [(LOCATION, "/client.json")]).into_response()),
        );
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

/// A document that is there once, and then no more.
fn once(base: &str) -> axum::routing::MethodRouter {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let document = json!({
        "client_id": format!("{base}/away.json"), "client_name": "Documented", "redirect_uris": [REDIRECT],
    });
    let (text, was_read) = (document.to_string(), Arc::new(AtomicBool::new(false)));
    get(move || {
        let there = !was_read.swap(true, Ordering::SeqCst);
        let status = if there { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        std::future::ready((status, [(CONTENT_TYPE, "application/json")], text.clone()))
    })
}

#[tokio::test]
async fn what_was_allowed_does_not_end_because_a_site_is_away() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let client = format!("{}/away.json", site().await);
    let url = authorize_url(&client, REDIRECT, &json!({}));
    let mut browser = Browser::new(&app);
    let login = browser.open(&url).await;
    let consent = browser.sign_in(&login, &ada.email).await;
    let address = browser.allow(&consent, &["memories:read"]).await;
    let fields = json!({
        "grant_type": "authorization_code", "client_id": client, "code": parameter(&address, "code").unwrap(),
        "code_verifier": VERIFIER,
    });
    let mut tokens = super::token(&app, fields).await.ok();
    // After a week in which others came, too.
    for days in [1, 7] {
        app.advance(TimeDelta::days(days));
        crate::harness::register(&app, "https://app.example/").await;
        tokens = super::token(&app, super::refresh(&client, &tokens["refresh_token"])).await.ok();
    }
    // Nobody is asked about what it may not be any more.
    browser.open(&url).await.assert_status(400);
    let fields = json!({ "client_id": client, "token": tokens["refresh_token"] });
    app.anonymous().post("/oauth/revoke", fields).await.assert_status(200);
    let ended = super::token(&app, super::refresh(&client, &tokens["refresh_token"])).await;
    super::assert_refused(&ended, 400, "invalid_grant");
}

#[tokio::test]
async fn where_nothing_can_be_read_nobody_is_told_that_it_is() {
    let supported = "client_id_metadata_document_supported";
    let metadata = "/.well-known/oauth-authorization-server";
    let app = TestApp::new().await;
    assert_eq!(app.anonymous().get(metadata).await.ok()[supported], true);
    let app = TestApp::cut_off().await;
    let document = app.anonymous().get(metadata).await.ok();
    assert!(document.get(supported).is_none(), "{document}");
    let mut browser = Browser::new(&app);
    let url = authorize_url("https://app.example/client.json", REDIRECT, &json!({}));
    let refused = browser.open(&url).await;
    refused.assert_status(400);
    assert!(refused.text().contains("register the application instead"), "{refused}");
    // Keys are sent, and not looked for.
    let mut metadata = json!({
        "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://app.example/jwks",
    });
    let refused = app.anonymous().post("/oauth/register", metadata.clone()).await;
    let why = super::assert_refused(&refused, 400, "invalid_client_metadata");
    assert!(why.contains("reads nothing from the Internet"), "{why}");
    metadata.as_object_mut().unwrap().remove("jwks_uri");
    metadata["jwks"] = Signer([7; 32]).jwks();
    app.anonymous().post("/oauth/register", metadata).await.assert_status(201);
    let owner = app.owner("owner").await;
    let provider = json!({
        "name": "x", "issuer": "https://idp.example", "jwks_uri": "https://idp.example/jwks",
        "domains": ["northwind.example"],
    });
    let refused = owner.post("/v1/auth/identity-providers", provider).await;
    assert!(refused.assert_problem(400, "invalid", Some("jwks_uri")).contains("reads nothing"), "{refused}");
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
    assert!(told[0].contains("or this installation has no access to the Internet"), "{told:?}");
}
