//! `GET /health`, `GET /ready`, and what every answer has in common.

use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn a_live_process_says_so_without_asking_the_database() {
    let app = TestApp::new().await;
    let answer = app.anonymous().get("/health").await;
    answer.assert_status(200);
    insta::assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "status": "ok"
    }
    "#);
    assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn readiness_names_the_schema() {
    let app = TestApp::new().await;
    let answer = app.anonymous().get("/ready").await;
    answer.assert_status(200);
    assert_eq!(answer.json()["status"], "ready");
    assert_eq!(answer.json()["schema_version"], shared::db::SCHEMA_VERSION);
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_of_its_own() {
    let app = TestApp::new().await;
    app.anonymous().get("/nothing/here").await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405() {
    let app = TestApp::new().await;
    app.anonymous().delete("/health").await.assert_problem(405, "method-not-allowed", None);
}
