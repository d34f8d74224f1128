//! The authorization server: browsers, applications, devices and enterprises that request tokens, and
//! those that should not get any.

mod accounts;
mod applications;
mod assertion;
mod attacks;
mod clients;
mod device;
mod documents;
mod endings;
mod flow;
mod pages;
mod private_key_jwt;
mod refresh;
mod resource;
mod signer;
mod tokens;

use serde_json::{Value, json};

use crate::harness::{Answer, Client as _, TestApp};

/// Sends a form to the token endpoint.
async fn token(app: &TestApp, fields: Value) -> Answer {
    app.anonymous().post("/oauth/token", fields).await
}

/// Asserts that an application is refused under that name, and returns why.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, error: &str) -> String {
    assert_eq!(answer.status.as_u16(), status, "{answer}");
    assert_eq!(answer.json()["error"], error, "{answer}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{answer}");
    answer.json()["error_description"].as_str().unwrap().to_owned()
}

/// A refresh as the application makes it.
fn refresh(client: &str, refresh_token: &Value) -> Value {
    json!({ "grant_type": "refresh_token", "client_id": client, "refresh_token": refresh_token })
}
