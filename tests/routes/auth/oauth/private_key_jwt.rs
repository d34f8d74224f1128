//! Applications that authenticate by a signature (`private_key_jwt`), and forgeries.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use chrono::TimeDelta;
use http::Request;
use serde_json::{Value, json};

use super::signer::Signer;
use super::{assert_refused, token};
use crate::harness::{
    Answer, Browser, Client as _, TestApp, VERIFIER, authorize_url, form, parameter, register,
};

const TYPE: &str = "client-authentication+jwt";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const REDIRECT: &str = "https://app.example/callback";

/// A registration by that key, or others; its `client_id`.
async fn application(app: &TestApp, more: Value) -> String {
    let answer = registering(app, more).await;
    answer.assert_status(201);
    answer.json()["client_id"].as_str().unwrap().to_owned()
}

async fn registering(app: &TestApp, more: Value) -> Answer {
    let mut metadata = json!({
        "client_name": "Server", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "private_key_jwt",
    });
    metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.anonymous().post("/oauth/register", metadata).await
}

fn claims(app: &TestApp, client: &str) -> Value {
    let now = app.now().timestamp();
    json!({
        "iss": client, "sub": client, "aud": "https://mem0.test", "jti": TestApp::unique().to_string(), "iat": now,
        "exp": now + 60,
    })
}

/// Asks for a refresh with a token that nobody has: `invalid_grant` is what whoever proved who it is gets.
fn asks(assertion: &str) -> Value {
    json!({
        "grant_type": "refresh_token", "refresh_token": "m0rt_unknown", "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    })
}

#[track_caller]
fn assert_proven(answer: &Answer) {
    assert_refused(answer, 400, "invalid_grant");
}

#[tokio::test]
async fn an_application_gets_its_tokens_by_its_signature_alone() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let signer = Signer([7; 32]);
    let client = application(&app, json!({ "jwks": signer.jwks() })).await;
    let mut browser = Browser::new(&app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await;
    let consent = browser.sign_in(&login, &ada.email).await;
    let address = browser.allow(&consent, &["memories:read"]).await;
    let mut fields = json!({
        "grant_type": "authorization_code", "client_id": client, "code": parameter(&address, "code").unwrap(),
        "code_verifier": VERIFIER, "redirect_uri": REDIRECT,
    });
    // The code and what it was asked for with are not enough.
    let named = token(&app, fields.clone()).await;
    assert_eq!(assert_refused(&named, 401, "invalid_client"), "client_assertion is missing");
    let sign = |claims: &Value| signer.sign(TYPE, claims, |_| ());
    fields["client_assertion_type"] = json!(ASSERTION_TYPE);
    fields["client_assertion"] = json!(sign(&claims(&app, &client)));
    let tokens = token(&app, fields).await.ok();
    // Elsewhere in the same way, with the token endpoint as the audience, and without client_id.
    let mut claims = claims(&app, &client);
    claims["aud"] = json!(["https://mem0.test/oauth/token"]);
    let fields = json!({
        "token": tokens["access_token"], "client_assertion_type": ASSERTION_TYPE, "client_assertion": sign(&claims),
    });
    assert_eq!(app.anonymous().post("/oauth/introspect", fields.clone()).await.ok()["active"], true);
    let again = app.anonymous().post("/oauth/revoke", fields).await;
    assert_refused(&again, 401, "invalid_client");
    claims["jti"] = json!("another");
    let fields = json!({
        "token": tokens["access_token"], "client_assertion_type": ASSERTION_TYPE, "client_assertion": sign(&claims),
    });
    app.anonymous().post("/oauth/revoke", fields).await.assert_status(200);
}

#[tokio::test]
async fn an_assertion_that_is_not_what_it_should_be_is_refused() {
    let app = TestApp::new().await;
    let signer = Signer([7; 32]);
    let client = application(&app, json!({ "jwks": signer.jwks() })).await;
    let other = application(&app, json!({ "jwks": Signer([8; 32]).jwks() })).await;
    let good = claims(&app, &client);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims["jti"] = json!(TestApp::unique().to_string());
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        signer.sign(TYPE, &claims, |_| ())
    };
    let now = app.now().timestamp();
    let unsigned = {
        let whole = signer.sign(TYPE, &good, |_| ());
        format!("{}.", whole.rsplit_once('.').unwrap().0)
    };
    for (what, assertion) in [
        ("no JWT", "x".to_owned()),
        ("another kind of JWT", signer.sign("at+jwt", &good, |_| ())),
        ("an identity assertion", signer.sign("oauth-id-jag+jwt", &good, |_| ())),
        ("unknown key", signer.sign(TYPE, &good, |header| header.kid = Some("unknown".to_owned()))),
        ("other key", Signer([8; 32]).sign(TYPE, &good, |header| header.kid = Some(signer.kid()))),
        ("critical extension", signer.sign(TYPE, &good, |header| header.crit = Some(vec!["x".to_owned()]))),
        ("the public key as a secret", signer.confused(TYPE, &good)),
        ("no signature", unsigned),
        // {"alg":"none"}
        (
            "no algorithm",
            format!("eyJhbGciOiJub25lIn0.{}.", signer.sign(TYPE, &good, |_| ()).split('.').nth(1).unwrap()),
        ),
        ("another's name", with("sub", json!(other))),
        ("another issuer", with("iss", json!(other))),
        ("issuer missing", with("iss", Value::Null)),
        ("audience", with("aud", json!("https://evil.example"))),
        ("audience missing", with("aud", Value::Null)),
        ("one audience too many", with("aud", json!(["https://mem0.test", "https://evil.example"]))),
        ("the endpoint as audience", with("aud", json!("https://mem0.test/mcp"))),
        ("expired", with("exp", json!(now - 31))),
        ("never ends", with("exp", Value::Null)),
        ("ends late", with("exp", json!(now + 3 * 3600))),
        ("ends too late to be counted", with("exp", json!(i64::MAX))),
        ("not yet", with("nbf", json!(now + 600))),
        ("from the future", with("iat", json!(now + 600))),
        ("no jti", with("jti", Value::Null)),
        ("empty jti", with("jti", json!(""))),
        ("long jti", with("jti", json!("j".repeat(513)))),
        ("a number for a jti", with("jti", json!(7))),
    ] {
        let mut fields = asks(&assertion);
        fields["client_id"] = json!(client);
        let answer = token(&app, fields).await;
        let why = assert_refused(&answer, 401, "invalid_client");
        assert!(why.starts_with("client_assertion: "), "{what}: {why}");
    }
    // Nothing of that used the good one up; using it does, and waiting does not help.
    let once = asks(&signer.sign(TYPE, &good, |_| ()));
    assert_proven(&token(&app, once.clone()).await);
    let replayed = token(&app, once.clone()).await;
    assert!(assert_refused(&replayed, 401, "invalid_client").contains("used before"));
    app.advance(TimeDelta::minutes(2));
    assert_refused(&token(&app, once).await, 401, "invalid_client");
}

#[tokio::test]
async fn one_way_to_prove_oneself_is_used_and_it_is_the_registered_one() {
    let app = TestApp::new().await;
    let signer = Signer([7; 32]);
    let client = application(&app, json!({ "jwks": signer.jwks() })).await;
    let public = register(&app, REDIRECT).await;
    let secret = json!({ "token_endpoint_auth_method": "client_secret_post", "jwks": signer.jwks() });
    let secret = application(&app, secret).await;
    let proof = |client: &str| asks(&signer.sign(TYPE, &claims(&app, client), |_| ()));
    let with = |client: &str, name: &str, value: Value| {
        let mut fields = proof(client);
        fields[name] = value;
        fields
    };
    for (fields, status, error) in [
        (proof(&client), 400, "invalid_grant"),
        (with(&client, "client_id", json!(client)), 400, "invalid_grant"),
        (with(&client, "client_id", json!(public)), 401, "invalid_client"),
        (with(&client, "client_secret", json!("x")), 400, "invalid_request"),
        (with(&client, "client_assertion_type", json!("x")), 401, "invalid_client"),
        (with(&client, "client_assertion_type", Value::Null), 401, "invalid_client"),
        (with(&client, "client_assertion", Value::Null), 401, "invalid_client"),
        (with(&client, "client_assertion", json!(["a", "b"])), 400, "invalid_request"),
        (proof(&public), 401, "invalid_client"),
        (proof(&secret), 401, "invalid_client"),
        (proof("m0cl_unknown"), 401, "invalid_client"),
        (proof("mem0-cli"), 401, "invalid_client"),
        (
            json!({ "grant_type": "refresh_token", "refresh_token": "x", "client_id": client, "client_secret": "x" }),
            401,
            "invalid_client",
        ),
        // What is stored in place of a secret is no secret's.
        (
            json!({ "grant_type": "refresh_token", "refresh_token": "x", "client_id": client, "client_secret": "" }),
            401,
            "invalid_client",
        ),
    ] {
        assert_refused(&token(&app, fields).await, status, error);
    }
    let both = Request::post("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", "Basic bTBjbF94Ong=")
        .body(form(&proof(&client)).into());
    assert_refused(&app.anonymous().send(both.unwrap()).await, 400, "invalid_request");
}

#[tokio::test]
async fn keys_are_registered_as_they_should_be_or_not_at_all() {
    let app = TestApp::new().await;
    let signer = Signer([7; 32]);
    let mut private = signer.jwks();
    private["keys"][0]["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let many = json!({ "keys": vec![signer.jwks()["keys"][0].clone(); 21] });
    for wrong in [
        json!({}),
        json!({ "jwks": signer.jwks(), "jwks_uri": "http://127.0.0.1:1/keys" }),
        json!({ "jwks": {} }),
        json!({ "jwks": "x" }),
        json!({ "jwks": { "keys": [] } }),
        json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AAAA" }] } }),
        json!({ "jwks": private }),
        json!({ "jwks": many }),
        json!({ "jwks_uri": "javascript:alert(1)" }),
        json!({ "jwks_uri": "https://169.254.169.254/keys" }),
        json!({ "jwks_uri": 7 }),
        json!({ "jwks": signer.jwks(), "token_endpoint_auth_signing_alg": "HS256" }),
        json!({ "jwks": signer.jwks(), "token_endpoint_auth_signing_alg": "none" }),
        json!({ "jwks": signer.jwks(), "token_endpoint_auth_method": "client_secret_jwt" }),
    ] {
        assert_refused(&registering(&app, wrong).await, 400, "invalid_client_metadata");
    }
    let answer = registering(
        &app,
        json!({ "jwks": signer.jwks(), "token_endpoint_auth_signing_alg": "ES256", "client_secret": "mine" }),
    )
    .await;
    answer.assert_status(201);
    let told = answer.json();
    assert_eq!(told["jwks"], signer.jwks());
    assert_eq!(told["token_endpoint_auth_method"], "private_key_jwt");
    assert_eq!(
        (&told["token_endpoint_auth_signing_alg"], &told["client_secret"]),
        (&json!("ES256"), &Value::Null)
    );
    // It said that it signs otherwise.
    let client = told["client_id"].as_str().unwrap();
    let signed = asks(&signer.sign(TYPE, &claims(&app, client), |_| ()));
    assert!(assert_refused(&token(&app, signed).await, 401, "invalid_client").contains("alg"));
}

/// A site that publishes keys, counts who reads them, and describes an application.
struct Site {
    base: String,
    keys: Arc<Mutex<Option<Value>>>,
    read: Arc<AtomicUsize>,
}

impl Site {
    async fn publishing(keys: Option<Value>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (keys, read) = (Arc::new(Mutex::new(keys)), Arc::new(AtomicUsize::new(0)));
        let shown = (keys.clone(), read.clone());
        let answer = async move || {
            shown.1.fetch_add(1, SeqCst);
            shown.0.lock().unwrap().clone().map(Json).ok_or(StatusCode::SERVICE_UNAVAILABLE)
        };
        let document = json!({
            "client_id": format!("{base}/client.json"), "client_name": "Documented", "redirect_uris": [REDIRECT],
            "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": format!("{base}/keys"),
        });
        let router = Router::new()
            .route("/keys", get(answer))
            .route("/client.json", get(async move || Json(document)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, keys, read }
    }

    fn publish(&self, keys: Option<Value>) {
        *self.keys.lock().unwrap() = keys;
    }

    fn read(&self) -> usize {
        self.read.load(SeqCst)
    }
}

#[tokio::test]
async fn a_document_says_where_an_applications_keys_are() {
    let app = TestApp::new().await;
    let signer = Signer([7; 32]);
    let site = Site::publishing(Some(signer.jwks())).await;
    let client = format!("{}/client.json", site.base);
    let mut browser = Browser::new(&app);
    browser.open(&authorize_url(&client, REDIRECT, &json!({}))).await.assert_status(200);
    assert_eq!(site.read(), 0, "nobody proved anything yet");
    let sign = |signer: &Signer| asks(&signer.sign(TYPE, &claims(&app, &client), |_| ()));
    assert_proven(&token(&app, sign(&signer)).await);
    assert_proven(&token(&app, sign(&signer)).await);
    assert_eq!(site.read(), 1);
    // The document is read again after an hour and the keys, too; as long as these are away, they are what they were.
    app.advance(TimeDelta::minutes(2));
    let mut long = claims(&app, &client);
    long["exp"] = json!(app.now().timestamp() + 3600);
    let long = asks(&signer.sign(TYPE, &long, |_| ()));
    assert_proven(&token(&app, long.clone()).await);
    app.advance(TimeDelta::minutes(59));
    site.publish(None);
    assert_proven(&token(&app, sign(&signer)).await);
    assert_eq!(site.read(), 2);
    // What was used before that is still used.
    let replayed = token(&app, long).await;
    assert!(assert_refused(&replayed, 401, "invalid_client").contains("used before"));
    assert_refused(
        &token(&app, json!({ "grant_type": "refresh_token", "refresh_token": "x", "client_id": client }))
            .await,
        401,
        "invalid_client",
    );
}

#[tokio::test]
async fn keys_at_an_address_are_replaced_without_a_pause_and_not_read_for_everybody_who_asks() {
    let app = TestApp::new().await;
    let (old, new, stranger) = (Signer([7; 32]), Signer([8; 32]), Signer([9; 32]));
    let site = Site::publishing(None).await;
    let client = application(&app, json!({ "jwks_uri": format!("{}/keys", site.base) })).await;
    assert_eq!(site.read(), 0, "registering makes nobody read anything");
    let sign = |signer: &Signer| asks(&signer.sign(TYPE, &claims(&app, &client), |_| ()));
    // Not there: said so, and not tried again with the next request.
    let why = assert_refused(&token(&app, sign(&old)).await, 401, "invalid_client");
    assert!(why.contains("jwks_uri could not be read: it answered 503"), "{why}");
    for _ in 0..3 {
        assert_refused(&token(&app, sign(&old)).await, 401, "invalid_client");
    }
    assert_eq!(site.read(), 1);
    site.publish(Some(old.jwks()));
    app.advance(TimeDelta::minutes(2));
    assert_proven(&token(&app, sign(&old)).await);
    // The application changes its key: the new one is looked for as soon as it is used.
    site.publish(Some(new.jwks()));
    app.advance(TimeDelta::minutes(2));
    assert_proven(&token(&app, sign(&new)).await);
    assert_refused(&token(&app, sign(&old)).await, 401, "invalid_client");
    let read = site.read();
    for _ in 0..5 {
        assert_refused(&token(&app, sign(&stranger)).await, 401, "invalid_client");
    }
    assert_eq!(site.read(), read, "a minute has not passed");
    // What would be refused anyway makes nobody read keys.
    app.advance(TimeDelta::hours(2));
    let mut late = claims(&app, &client);
    late["exp"] = json!(app.now().timestamp() - 60);
    assert_refused(&token(&app, asks(&new.sign(TYPE, &late, |_| ()))).await, 401, "invalid_client");
    assert_eq!(site.read(), read);
}

#[tokio::test]
async fn who_signs_wrongly_again_and_again_is_slowed_down() {
    let app = TestApp::new().await;
    let client = application(&app, json!({ "jwks": Signer([7; 32]).jwks() })).await;
    let mut statuses = Vec::new();
    for _ in 0..70 {
        let forged = asks(&Signer([8; 32]).sign(TYPE, &claims(&app, &client), |_| ()));
        statuses.push(token(&app, forged).await.status.as_u16());
    }
    assert!(statuses[..50].iter().all(|status| *status == 401), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
}
