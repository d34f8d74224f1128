//! The other token endpoints: revocation, introspection, metadata, and requests that the
//! token endpoint does not support.

use serde_json::{Value, json};

use super::{assert_refused, refresh, token};
use crate::harness::{Browser, Client as _, TestApp, VERIFIER, authorize_url, parameter, register, tokens};

const REDIRECT: &str = "https://app.example/callback";

#[tokio::test]
async fn metadata_says_what_there_is() {
    let app = TestApp::new().await;
    let server = app.anonymous().get("/.well-known/oauth-authorization-server").await;
    assert_eq!(server.header("content-type"), Some("application/json"));
    let server = server.ok();
    assert_eq!(server["issuer"], "https://mem0.test");
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(server["authorization_response_iss_parameter_supported"], true);
    assert_eq!(server["client_id_metadata_document_supported"], true);
    let proving = json!(["client_secret_basic", "client_secret_post", "private_key_jwt"]);
    assert_eq!(server["introspection_endpoint_auth_methods_supported"], proving);
    let served: Vec<String> =
        server::operations().iter().map(|(_, operation)| operation.path.to_owned()).collect();
    for (name, value) in server.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = value.as_str().unwrap().strip_prefix("https://mem0.test").unwrap();
            assert!(served.iter().any(|known| known == path), "{name}: {path}");
        }
    }
    for (path, resource) in [("/mcp", "https://mem0.test/mcp"), ("", "https://mem0.test")] {
        let document =
            app.anonymous().get(&format!("/.well-known/oauth-protected-resource{path}")).await.ok();
        assert_eq!(document["resource"], resource);
        assert_eq!(document["authorization_servers"], json!(["https://mem0.test"]));
        assert_eq!(document["bearer_methods_supported"], json!(["header"]));
        let scopes = document["scopes_supported"].to_string();
        assert!(scopes.contains("memories:read") && !scopes.contains("offline_access"), "{scopes}");
    }
}

#[tokio::test]
async fn either_token_ends_the_whole_grant() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    for which in ["access_token", "refresh_token"] {
        let (client, answer) = tokens(&app, &ada.email, &json!({ "resource": "https://mem0.test" })).await;
        let assistant = ada.with_token(answer["access_token"].as_str().unwrap());
        // Somebody else's word counts for nothing.
        let other = register(&app, "https://app.example/").await;
        let revoke =
            |client: &str| json!({ "client_id": client, "token": answer[which], "token_type_hint": "x" });
        app.anonymous().post("/oauth/revoke", revoke(&other)).await.assert_status(200);
        assistant.get("/v1/ping/").await.assert_status(200);
        app.anonymous().post("/oauth/revoke", revoke(&client)).await.assert_status(200);
        assistant.get("/v1/ping/").await.assert_problem(401, "unauthenticated", None);
        assert_refused(&token(&app, refresh(&client, &answer["refresh_token"])).await, 400, "invalid_grant");
        app.anonymous().post("/oauth/revoke", revoke(&client)).await.assert_status(200);
    }
    // Neither a login's tokens, nor what is no token.
    let client = register(&app, "https://app.example/").await;
    for token in [ada.token.as_str(), "m0rt_x", "x.y.z"] {
        let fields = json!({ "client_id": client, "token": token });
        app.anonymous().post("/oauth/revoke", fields).await.assert_status(200);
    }
    ada.get("/v1/ping/").await.assert_status(200);
}

/// A new application with a secret; its id and that.
async fn confidential(app: &TestApp) -> (String, String) {
    let body = json!({
        "client_name": "Northwind Server", "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "client_secret_post",
    });
    let made = app.anonymous().post("/oauth/register", body).await.ok();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("client_id"), text("client_secret"))
}

/// What such an application gets when somebody lets it read.
async fn confidential_tokens(app: &TestApp, email: &str) -> ((String, String), Value) {
    let (client, secret) = confidential(app).await;
    let mut browser = Browser::new(app);
    let login = browser.open(&authorize_url(&client, REDIRECT, &json!({ "scope": "memories:read" }))).await;
    let consent = browser.sign_in(&login, email).await;
    let address = browser.allow(&consent, &["memories:read"]).await;
    let fields = json!({
        "grant_type": "authorization_code", "client_id": client, "client_secret": secret,
        "code": parameter(&address, "code"), "code_verifier": VERIFIER,
    });
    let answer = token(app, fields).await.ok();
    ((client, secret), answer)
}

#[tokio::test]
async fn a_token_is_explained_to_whoever_holds_it() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, answer) = confidential_tokens(&app, &ada.email).await;
    let asked = async |(id, secret): &(String, String), token: &Value| {
        let fields = json!({ "client_id": id, "client_secret": secret, "token": token });
        app.anonymous().post("/oauth/introspect", fields).await.ok()
    };
    let access = asked(&client, &answer["access_token"]).await;
    assert_eq!(access["active"], true, "{access}");
    assert_eq!((&access["scope"], &access["client_id"]), (&json!("memories:read"), &json!(client.0)));
    assert_eq!((&access["sub"], &access["aud"]), (&json!(ada.user), &json!("https://mem0.test/mcp")));
    assert_eq!(access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(), 900);
    let refresh_token = asked(&client, &answer["refresh_token"]).await;
    assert_eq!((&refresh_token["active"], &refresh_token["token_type"]), (&json!(true), &Value::Null));

    let other = confidential(&app).await;
    let inactive = json!({ "active": false });
    for token in
        [&answer["access_token"], &answer["refresh_token"], &json!(ada.token), &json!("x"), &json!("a.b.c")]
    {
        assert_eq!(asked(&other, token).await, inactive);
    }
    assert_eq!(asked(&client, &json!(ada.token)).await, inactive, "a login's token is no application's");
    // Who is only named proves nothing, not even about its own token.
    let (public, answer_of_public) = tokens(&app, &ada.email, &json!({})).await;
    for fields in [
        json!({ "token": answer["access_token"] }),
        json!({ "token": answer_of_public["access_token"], "client_id": public }),
        json!({ "token": answer["access_token"], "client_id": "mem0-cli" }),
    ] {
        assert_refused(&app.anonymous().post("/oauth/introspect", fields).await, 401, "invalid_client");
    }
    app.advance(chrono::TimeDelta::minutes(16));
    assert_eq!(asked(&client, &answer["access_token"]).await, inactive);
}

#[tokio::test]
async fn what_the_token_endpoint_does_not_know_is_said() {
    let app = TestApp::new().await;
    let client = register(&app, "https://app.example/").await;
    for (fields, status, error) in [
        (json!({}), 400, "invalid_request"),
        (json!({ "client_id": client }), 400, "invalid_request"),
        (json!({ "client_id": client, "grant_type": "password" }), 400, "unsupported_grant_type"),
        (
            json!({ "client_id": client, "grant_type": ["refresh_token", "refresh_token"] }),
            400,
            "invalid_request",
        ),
        (json!({ "client_id": client, "grant_type": "refresh_token" }), 400, "invalid_request"),
        (
            json!({ "client_id": "mem0-cli", "grant_type": "authorization_code", "code": "x" }),
            400,
            "unauthorized_client",
        ),
        (json!({ "grant_type": "refresh_token", "refresh_token": "x" }), 401, "invalid_client"),
    ] {
        assert_refused(&token(&app, fields.clone()).await, status, error);
    }
}
