//! `GET /v1/ping/`: the first request of mem0's clients.

use http::Request;

use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn a_valid_credential_learns_whose_it_is() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await.with_api_key().await;
    let answer = alice.get("/v1/ping/").await;
    insta::assert_json_snapshot!(answer.snapshot(), {".user_email" => "[email]"}, @r#"
    {
      "org_id": "[ent#1]",
      "project_id": "[usr#1]",
      "status": "ok",
      "user_email": "[email]"
    }
    "#);
    for (name, value) in
        [("authorization", format!("Token {}", alice.token)), ("x-api-key", alice.token.clone())]
    {
        let request = Request::get("/v1/ping/").header(name, value).body(axum::body::Body::empty()).unwrap();
        app.anonymous().send(request).await.assert_status(200);
    }
}

#[tokio::test]
async fn an_invalid_credential_is_told_so() {
    let app = TestApp::new().await;
    app.anonymous().get("/v1/ping/").await.assert_problem(401, "unauthenticated", None);
    let stranger = app.owner("alice").await.with_token("m0sk_nonsense");
    stranger.get("/v1/ping/").await.assert_problem(401, "unauthenticated", None);
}
