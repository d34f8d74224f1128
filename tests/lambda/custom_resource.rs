//! `migrate` as the custom resource of a stack: CloudFormation's requests and the answers.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::put;
use lambda_emulator::Function;
use serde_json::{Value, json};
use shared::db::SCHEMA_VERSION;

use super::deployment::options;
use crate::harness::TestDatabase;

/// Where CloudFormation waits for answers; it refuses the first few.
struct CloudFormation {
    url: String,
    answers: Arc<Mutex<Vec<Value>>>,
}

impl CloudFormation {
    async fn new(refusals: usize) -> Self {
        let answers = Arc::new(Mutex::new(Vec::new()));
        let (kept, asked) = (Arc::clone(&answers), Arc::new(Mutex::new(0)));
        let take = move |headers: HeaderMap, body: Bytes| async move {
            // S3 refuses what was not signed.
            assert!(!headers.contains_key("content-type"), "{headers:?}");
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            if *asked <= refusals {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            kept.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            StatusCode::OK
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/answer?signature=s", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/answer", put(take))).await });
        Self { url, answers }
    }

    async fn ask(&self, migrate: &Function, verb: &str) -> Value {
        let event = json!({
            "RequestType": verb, "ResponseURL": self.url, "StackId": "stack", "RequestId": "request",
            "LogicalResourceId": "Migration", "ResourceProperties": { "Version": "7" },
        });
        migrate.invoke_raw(event.to_string().into()).await.unwrap();
        self.answers.lock().unwrap().pop().unwrap()
    }
}

#[tokio::test]
async fn a_stack_is_told_that_the_schema_is_there_however_often_it_asks() {
    let (database, tasks) = (TestDatabase::unprepared().await, tempfile::tempdir().unwrap());
    let migrate = Function::new(options("migrate", &tasks, &database.owner_url().await));
    let stack = CloudFormation::new(2).await;
    for verb in ["Create", "Update"] {
        let answer = stack.ask(&migrate, verb).await;
        let named = json!({
            "Status": "SUCCESS", "Reason": "", "PhysicalResourceId": "schema", "StackId": "stack",
            "RequestId": "request", "LogicalResourceId": "Migration", "Data": answer["Data"],
        });
        assert_eq!(answer, named, "{verb}");
        assert_eq!(answer["Data"]["version"], SCHEMA_VERSION);
    }
}

#[tokio::test]
async fn a_stack_is_told_why_there_is_no_schema_and_can_be_removed_all_the_same() {
    let tasks = tempfile::tempdir().unwrap();
    let migrate = Function::new(options("migrate", &tasks, "postgres://nobody:secret@127.0.0.1:1/nowhere"));
    let stack = CloudFormation::new(0).await;
    let answer = stack.ask(&migrate, "Create").await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(answer["Reason"].as_str().unwrap().contains("database"), "{answer}");
    assert!(!answer.to_string().contains("secret"), "{answer}");
    assert_eq!(stack.ask(&migrate, "Delete").await["Status"], "SUCCESS");
}

#[tokio::test]
async fn earlier_code_leaves_a_newer_schema_as_it_is() {
    let (database, tasks) = (TestDatabase::unprepared().await, tempfile::tempdir().unwrap());
    let migrate = Function::new(options("migrate", &tasks, &database.owner_url().await));
    let stack = CloudFormation::new(0).await;
    stack.ask(&migrate, "Create").await;
    let newer = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                 VALUES (9999, 'of_tomorrow', '2030-01-01T00:00:00Z', '1')";
    database.superuser().await.batch_execute(newer).await.unwrap();
    let answer = stack.ask(&migrate, "Update").await;
    assert_eq!((&answer["Status"], &answer["Data"]["version"]), (&json!("SUCCESS"), &json!(9999)));
    assert_eq!(answer["Data"]["applied"], json!([]));
}
