//! Invalid bodies: the answer gives a reason, and nothing changes.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::{PASSWORD, Person, founder};
use crate::harness::{Answer, Client as _, TestApp};

async fn raw(person: &Person, path: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(path).header("content-type", "application/json");
    person.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn unknown_missing_and_mistyped_members_are_refused() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bodies: [(&str, Value); 12] = [
        ("/v1/auth/register", json!({})),
        ("/v1/auth/register", {
            let mut body = founder("bob");
            body["role"] = json!("owner");
            body
        }),
        ("/v1/auth/register", {
            let mut body = founder("bob");
            body["email"] = json!("bob");
            body
        }),
        ("/v1/auth/register", {
            let mut body = founder("bob");
            body["password"] = json!(123_456_789_012_u64);
            body
        }),
        ("/v1/auth/register", {
            let mut body = founder("bob");
            body["enterprise_name"] = json!(" ");
            body
        }),
        ("/v1/auth/login", json!({ "email": "ada@northwind.example" })),
        ("/v1/auth/login", json!({ "email": "ada@northwind.example", "password": PASSWORD, "otp": "1" })),
        ("/v1/auth/login", json!({ "email": "ada@northwind.example", "password": "x".repeat(600) })),
        ("/v1/auth/login", json!(["ada@northwind.example", PASSWORD])),
        ("/v1/auth/refresh", json!({ "refresh_token": null })),
        ("/v1/auth/password", json!({ "new_password": "copper lantern 83 fog" })),
        ("/v1/api-keys", json!({ "name": "k" })),
    ];
    for (path, body) in bodies {
        let answer = ada.post(path, body.clone()).await;
        assert_eq!(answer.status.as_u16(), 400, "{body}: {answer}");
    }
    let client = app.database().superuser().await;
    assert_eq!(client.query_one("SELECT count(*) FROM users", &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_on_every_route_that_takes_one() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    for path in
        ["/v1/auth/register", "/v1/auth/login", "/v1/auth/refresh", "/v1/auth/password", "/v1/api-keys"]
    {
        for body in [&b""[..], b"{", b"\xff\xfe", b"{\"email\":\"\\u0000\"}", b"null", b"[]", b"{} {}"] {
            raw(&ada, path, body.to_vec()).await.assert_status(400);
        }
        raw(&ada, path, vec![b' '; 2 << 20]).await.assert_problem(413, "too-large", None);
    }
}

#[tokio::test]
async fn routes_whose_answers_are_secret_take_no_idempotency_key() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let login = json!({ "email": ada.email, "password": PASSWORD });
    let refresh = json!({ "refresh_token": ada.refresh_token });
    let key = json!({ "name": "key", "scopes": ["memories:read"] });
    for (path, body) in [
        ("/v1/auth/register", founder("bob")),
        ("/v1/auth/login", login),
        ("/v1/auth/refresh", refresh),
        ("/v1/api-keys", key),
    ] {
        let request =
            Request::post(path).header("content-type", "application/json").header("idempotency-key", "1");
        let answer = ada.send(request.body(Body::from(body.to_string())).unwrap()).await;
        answer.assert_problem(400, "invalid", None);
    }
}

#[tokio::test]
async fn credentials_in_the_wrong_place_or_form_are_none() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let visitor = ada.with_token("");
    visitor.get(&format!("/v1/auth/me?access_token={}", ada.token)).await.assert_status(401);
    for value in ["", "Bearer", "Bearer ", "Basic YWRhOng=", &format!("Digest {}", ada.token)] {
        let request = Request::get("/v1/auth/me").header("authorization", value);
        visitor.send(request.body(Body::empty()).unwrap()).await.assert_problem(401, "unauthenticated", None);
    }
    for scheme in ["Token", "bearer"] {
        let request = Request::get("/v1/auth/me").header("authorization", format!("{scheme} {}", ada.token));
        visitor.send(request.body(Body::empty()).unwrap()).await.assert_status(200);
    }
}
