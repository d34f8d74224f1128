//! Background work: jobs, and work that changes have promised.

mod outbox;
mod periodic;
mod topics;

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::jobs::Worker;
use shared::outbox::{Promise, promise};

use crate::harness::{Actor, TestApp};

/// An application whose worker notes every effect in the table `effects`.
async fn app_with_effects() -> (TestApp, Worker, Actor) {
    let app = TestApp::new().await;
    let client = app.database().superuser().await;
    client
        .batch_execute(
            "CREATE TABLE effects (message bigint, note text); GRANT INSERT ON effects TO mem0_upkeep",
        )
        .await
        .unwrap();
    let worker = app.worker().with_topics(topics::TOPICS);
    let ada = app.owner("ada").await;
    (app, worker, ada)
}

/// Promises work in a transaction of its own.
async fn promised(app: &TestApp, actor: &Actor, topic: &'static str, subject: &str, note: &str) {
    let caller = actor.context().await;
    let tx = caller.begin(&app.gate().db, "test.promise").await.unwrap();
    promise(&tx, &work(topic, subject, note)).await.unwrap();
    tx.commit().await.unwrap();
}

fn work(topic: &'static str, subject: &str, note: &str) -> Promise {
    Promise { topic, subject: subject.to_owned(), payload: json!({ "note": note }) }
}

/// What was noted, in order.
async fn effects(app: &TestApp) -> Vec<String> {
    let rows = app.database().superuser().await.query("SELECT note FROM effects ORDER BY ctid", &[]).await;
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Every message that was given up, and why.
async fn dead(app: &TestApp) -> Vec<(Value, String)> {
    let sql = "SELECT payload->'note', reason FROM outbox WHERE dead_at IS NOT NULL ORDER BY id";
    let rows = app.database().superuser().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Delivers until nothing is due for a day.
async fn deliver_for_a_day(app: &TestApp, worker: &Worker) {
    for _ in 0..(24 * 60) {
        worker.deliver().await.unwrap();
        app.advance(TimeDelta::minutes(1));
    }
}
