//! Invalid credentials: 401 with a challenge, in the same words whatever is wrong with them.
//!
//! `isolation` tests what valid credentials are refused.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use http::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use shared::access::{AccessClaims, ApiKeyVerb};

use crate::harness::{Actor, Answer, Client as _, PUBLIC_URL, TestApp, World, claims, forge, signing_key};
use crate::operations::{self, PUBLIC};

/// One operation of each function.
const ONE_OF_EACH: [&str; 4] = ["/v1/auth/me", "/v1/enterprise", "/v1/ping/", "/v1/stats/"];

/// Asks with an `Authorization` of that value.
async fn ask(app: &TestApp, path: &str, authorization: &str) -> Answer {
    let request = Request::get(path).header("authorization", authorization).body(Body::empty());
    app.anonymous().send(request.unwrap()).await
}

/// Asserts that no function takes the credential; the challenge.
async fn assert_refused(app: &TestApp, authorization: &str) -> String {
    let mut challenges = Vec::new();
    for path in ONE_OF_EACH {
        let answer = ask(app, path, authorization).await;
        answer.assert_problem(401, "unauthenticated", None);
        challenges.push(answer.header("www-authenticate").unwrap().to_owned());
    }
    challenges.dedup();
    assert_eq!(challenges.len(), 1, "{challenges:?}");
    challenges.remove(0)
}

fn claims_of(actor: &Actor) -> AccessClaims {
    claims(actor.app(), actor.user, actor.enterprise, actor.session)
}

const INVALID: &str = "Bearer realm=\"mem0\", error=\"invalid_token\", \
                       resource_metadata=\"https://mem0.test/.well-known/oauth-protected-resource\"";

#[tokio::test]
async fn a_good_token_is_taken_under_every_scheme_and_in_any_case() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let token = forge(&claims_of(&alice), |_| ());
    for scheme in ["Bearer", "bearer", "Token", "TOKEN"] {
        ask(&app, "/v1/auth/me", &format!("{scheme} {token}")).await.assert_status(200);
    }
    let key = alice.with_api_key().await.token;
    for scheme in ["Bearer", "Token"] {
        ask(&app, "/v1/auth/me", &format!("{scheme} {key}")).await.assert_status(200);
    }
    let request = Request::get("/v1/auth/me").header("x-api-key", &key).body(Body::empty());
    app.anonymous().send(request.unwrap()).await.assert_status(200);
}

/// A proxy may have looked at the other one.
#[tokio::test]
async fn two_credentials_are_none() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let key = alice.with_api_key().await.token;
    let good = format!("Bearer {key}");
    for (name, values) in [
        ("authorization", [good.as_str(), "Bearer x"]),
        ("authorization", ["Bearer x", &good]),
        ("authorization", [&good, &good]),
        ("x-api-key", [&key, "x"]),
    ] {
        for (method, path) in [("GET", "/v1/auth/me"), ("POST", "/mcp")] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("host", "mem0.test")
                .header("content-type", "application/json")
                .header(name, values[0])
                .header(name, values[1]);
            let ping = r#"{"jsonrpc": "2.0", "id": 1, "method": "ping"}"#;
            let answer = app.anonymous().send(request.body(Body::from(ping)).unwrap()).await;
            answer.assert_status(400);
            assert!(answer.text().contains("header, not several"), "{answer}");
        }
    }
    let request = Request::post("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", "Basic YTpi")
        .header("authorization", "Basic YTpj");
    let body = Body::from("grant_type=client_credentials");
    let answer = app.anonymous().send(request.body(body).unwrap()).await;
    answer.assert_status(400);
    assert!(answer.text().contains("in more than one way"), "{answer}");
}

#[tokio::test]
async fn what_is_no_credential_is_refused() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let token = &alice.token;
    let (head, rest) = token.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let mut spoiled = signature.to_owned();
    let last = spoiled.remove(10);
    spoiled.insert(10, if last == 'A' { 'B' } else { 'A' });
    for wrong in [
        "Bearer x".to_owned(),
        "Bearer a.b.c".to_owned(),
        "Bearer ..".to_owned(),
        format!("Basic {}", URL_SAFE_NO_PAD.encode("alice:secret")),
        "Bearer m0sk_00000000000000000000000000000000".to_owned(),
        format!("Bearer {token}.x"),
        format!("Bearer {head}.{body}."),
        format!("Bearer {head}.{body}.{spoiled}"),
        format!("Bearer {}", &token[..token.len() - 4]),
        format!("Bearer {token} {token}"),
        "Bearer ".to_owned() + &"x".repeat(20_000),
    ] {
        assert_eq!(assert_refused(&app, &wrong).await, INVALID, "{wrong}");
    }
    for missing in ["Bearer ", "Token   "] {
        let answer = ask(&app, "/v1/auth/me", missing).await;
        answer.assert_problem(401, "unauthenticated", None);
    }
    // Not from the address, which is logged and shared.
    let answer =
        app.anonymous().get(&format!("/v1/auth/me?token={token}&api_key={token}&access_token={token}")).await;
    answer.assert_problem(401, "unauthenticated", None);
}

#[tokio::test]
async fn a_token_that_was_not_issued_for_this_is_refused() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let good = claims_of(&alice);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = serde_json::to_value(&good).unwrap();
        change(&mut claims);
        forge(&claims, |_| ())
    };
    let unsigned = {
        let head = URL_SAFE_NO_PAD
            .encode(json!({ "alg": "none", "typ": "at+jwt", "kid": signing_key().id }).to_string());
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_string(&good).unwrap());
        format!("{head}.{body}.")
    };
    // The public key as the secret of a symmetric signature: a classic.
    let confused = {
        let mut head = Header::new(Algorithm::HS256);
        head.typ = Some("at+jwt".to_owned());
        head.kid = Some(signing_key().id);
        let public = serde_json::to_value(signing_key().jwk()).unwrap();
        let secret = URL_SAFE_NO_PAD.decode(public["x"].as_str().unwrap()).unwrap();
        jsonwebtoken::encode(&head, &good, &EncodingKey::from_secret(&secret)).unwrap()
    };
    for (what, token) in [
        ("unsigned", unsigned),
        ("signed with the public key", confused),
        ("no kid", forge(&good, |head| head.kid = None)),
        ("an unknown kid", forge(&good, |head| head.kid = Some("other".to_owned()))),
        ("a plain JWT", forge(&good, |head| head.typ = Some("JWT".to_owned()))),
        ("no typ", forge(&good, |head| head.typ = None)),
        ("another issuer", with(&|claims| claims["iss"] = json!("https://evil.example"))),
        ("another audience", with(&|claims| claims["aud"] = json!("https://other.example"))),
        (
            "an audience that begins alike",
            with(&|claims| claims["aud"] = json!(format!("{PUBLIC_URL}.evil.example"))),
        ),
        ("no expiry", with(&|claims| drop(claims.as_object_mut().unwrap().remove("exp")))),
        ("somebody else's session", with(&|claims| claims["sid"] = json!(bob.session))),
        ("another person's name", with(&|claims| claims["sub"] = json!(bob.user))),
        ("another tenant", with(&|claims| claims["enterprise"] = json!(bob.enterprise))),
        ("an unknown session", with(&|claims| claims["sid"] = json!(shared::ids::SessionId::generate()))),
        ("a session of another kind", with(&|claims| claims["sid"] = json!(alice.user))),
    ] {
        assert_eq!(assert_refused(&app, &format!("Bearer {token}")).await, INVALID, "{what}");
    }
    ask(&app, "/v1/auth/me", &format!("Bearer {}", forge(&good, |_| ()))).await.assert_status(200);
}

#[tokio::test]
async fn what_was_valid_once_is_refused_as_expired() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let expired = INVALID.replace("invalid_token\"", "invalid_token\", error_description=\"expired\"");
    let soon = AccessClaims { exp: app.now().timestamp() + 60, ..claims_of(&alice) };
    let token = format!("Bearer {}", forge(&soon, |_| ()));
    let body = json!({ "name": "short", "scopes": ["memories:read", "tenancy:read"], "expires_in_days": 1 });
    let key = alice.post("/v1/api-keys", body).await.ok();
    let key = format!("Bearer {}", key["key"].as_str().unwrap());
    for credential in [&token, &key] {
        ask(&app, "/v1/ping/", credential).await.assert_status(200);
    }
    app.advance(TimeDelta::seconds(60));
    assert_eq!(assert_refused(&app, &token).await, expired);
    app.advance(TimeDelta::days(1));
    assert_eq!(assert_refused(&app, &key).await, expired);
}

#[tokio::test]
async fn what_was_taken_back_is_refused_at_once() {
    let app = TestApp::new().await;
    let alice = app.registered("alice").await;
    let key = alice.post("/v1/api-keys", json!({ "name": "k", "scopes": ["memories:read"] })).await.ok();
    let secret = format!("Bearer {}", key["key"].as_str().unwrap());
    ask(&app, "/v1/ping/", &secret).await.assert_status(200);
    alice.delete(&format!("/v1/api-keys/{}", key["id"].as_str().unwrap())).await.assert_status(204);
    assert_eq!(assert_refused(&app, &secret).await, INVALID);
    alice.post("/v1/auth/logout", json!({})).await.assert_status(204);
    assert_eq!(assert_refused(&app, &format!("Bearer {}", alice.token)).await, INVALID);
}

#[tokio::test]
async fn no_operation_takes_a_spoiled_token() {
    let app = TestApp::new().await;
    let world = World::new(&app, "walrus").await;
    let before = world.tables().await;
    let past = AccessClaims { exp: app.now().timestamp(), ..claims_of(&world.owner) };
    let spoiled = [
        forge(&past, |_| ()),
        world.owner.token.replace('.', "x."),
        world.owner.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await.token + "0",
    ];
    let before_with_key = world.tables().await;
    before.assert_kept(&before_with_key, "making a key");
    for (_, operation) in server::operations() {
        if PUBLIC.iter().any(|(name, _)| *name == operations::name(&operation)) {
            continue;
        }
        for call in operations::calls(&operation, &world) {
            for token in &spoiled {
                let caller = world.owner.with_token(token);
                let answer = caller.call(call.method.clone(), &call.path, call.body.as_ref()).await;
                answer.assert_problem(401, "unauthenticated", None);
            }
        }
    }
    before_with_key.assert_unchanged(&world.tables().await, "a spoiled token");
}
