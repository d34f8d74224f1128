//! The packaged `worker`: scheduled events and SQS batches.

use std::time::Duration;

use lambda_emulator::{Environment, Function, InvokeError};
use serde_json::{Map, Value, json};
use shared::clock::Clock;

use super::deployment::{Deployment, options};

async fn invoke(worker: &Function, event: Value) -> Result<Value, InvokeError> {
    let reply = worker.invoke_raw(event.to_string().into()).await?;
    Ok(serde_json::from_slice(&reply).unwrap())
}

fn batch(records: &[(&str, Value)]) -> Value {
    let record = |(id, body): &(&str, Value)| {
        json!({
            "messageId": id, "receiptHandle": "handle", "body": body.as_str().map_or(body.to_string(), str::to_owned),
            "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {}, "md5OfBody": "",
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:work",
            "awsRegion": "eu-central-1",
        })
    };
    json!({ "Records": records.iter().map(record).collect::<Vec<_>>() })
}

#[tokio::test]
async fn a_schedule_runs_the_jobs_that_it_names_and_hears_of_names_that_mean_nothing() {
    let deployment = Deployment::new().await;
    let tasks = tempfile::tempdir().unwrap();
    let worker = Function::new(options("worker", &tasks, &deployment.database.url().await));
    let jobs = json!({ "jobs": ["outbox.deliver", "memory.embed", "search.review_tiers"] });
    let done = invoke(&worker, jobs).await.unwrap();
    assert_eq!(done, json!({ "done": { "outbox.deliver": 0, "memory.embed": 0, "search.review_tiers": 0 } }));
    let error = invoke(&worker, json!({ "job": "memory.forget_all" })).await.unwrap_err();
    let InvokeError::Function(report) = error else { panic!("{error:?}") };
    assert!(report.error_message.contains("memory.forget_all"), "{report}");
    assert_eq!(worker.cold_starts(), 1);
}

#[tokio::test]
async fn a_batch_fails_in_the_parts_that_cannot_be_understood_and_the_rest_is_done_once() {
    let deployment = Deployment::new().await;
    let tasks = tempfile::tempdir().unwrap();
    let worker = Function::new(options("worker", &tasks, &deployment.database.url().await));
    let event = batch(&[
        ("good", json!({ "job": "search.review_tiers" })),
        ("not-json", json!("{")),
        ("no-topic", json!({ "topic": "memory.forget_all", "payload": {} })),
        ("no-such-job", json!({ "topic": "job.run", "payload": { "job": "nonesuch" } })),
    ]);
    for _ in 0..2 {
        let answer = invoke(&worker, event.clone()).await.unwrap();
        let failed = json!([{ "itemIdentifier": "not-json" }, { "itemIdentifier": "no-topic" }]);
        assert_eq!(answer, json!({ "batchItemFailures": failed }));
    }
    let rows = "SELECT received_id, attempts, finished_at IS NOT NULL, reason FROM outbox ORDER BY id";
    let rows = deployment.database.superuser().await.query(rows, &[]).await.unwrap();
    let rows: Vec<(String, i32, bool, Option<String>)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    assert_eq!(rows[0], ("good".to_owned(), 1, true, None));
    assert_eq!(rows.len(), 2);
    assert!(!rows[1].2 && rows[1].3.as_ref().unwrap().contains("nonesuch"), "{rows:?}");
}

#[tokio::test]
async fn what_the_database_cannot_store_does_not_keep_the_rest_of_its_batch_from_being_done() {
    let deployment = Deployment::new().await;
    let tasks = tempfile::tempdir().unwrap();
    let worker = Function::new(options("worker", &tasks, &deployment.database.url().await));
    let review = |more: Value| json!({ "topic": "job.run", "subject": more["subject"].as_str().unwrap_or_default(), "payload": { "job": "search.review_tiers", "more": more } });
    let event = batch(&[
        ("job", json!({ "job": "x\0y" })),
        ("first", json!({ "job": "search.review_tiers" })),
        ("value", review(json!({ "note": ["a\0b"] }))),
        ("name", review(json!({ "a\0b": 1 }))),
        ("subject", review(json!({ "subject": "a\0" }))),
        ("backslash", review(json!({ "note": "\\u0000" }))),
        // Understood, and refused by the database alone.
        ("refused", review(json!({ "subject": "refused" }))),
        ("last", json!({ "job": "search.review_tiers" })),
    ]);
    let refuse = "ALTER TABLE outbox ADD CONSTRAINT refused CHECK (subject <> 'refused')";
    deployment.database.superuser().await.batch_execute(refuse).await.unwrap();
    for _ in 0..2 {
        let answer = invoke(&worker, event.clone()).await.unwrap();
        let failed = ["job", "value", "name", "subject", "refused"].map(|id| json!({ "itemIdentifier": id }));
        assert_eq!(answer, json!({ "batchItemFailures": failed }));
    }
    let rows = "SELECT received_id FROM outbox WHERE finished_at IS NOT NULL AND attempts = 1 ORDER BY id";
    let rows = deployment.database.superuser().await.query(rows, &[]).await.unwrap();
    let done: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(done, ["first", "backslash", "last"]);
}

#[tokio::test]
async fn what_a_schedule_sends_can_be_put_into_the_queue_and_each_of_its_jobs_is_done_once() {
    let deployment = Deployment::new().await;
    let tasks = tempfile::tempdir().unwrap();
    let worker = Function::new(options("worker", &tasks, &deployment.database.url().await));
    let event = batch(&[
        ("given-up", json!({ "jobs": ["search.review_tiers", "audit.seal"] })),
        ("half-known", json!({ "jobs": ["audit.seal", "memory.forget_all"] })),
    ]);
    for _ in 0..2 {
        let answer = invoke(&worker, event.clone()).await.unwrap();
        assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "half-known" }] }));
    }
    let rows = "SELECT received_id, attempts FROM outbox WHERE finished_at IS NOT NULL ORDER BY id";
    let rows = deployment.database.superuser().await.query(rows, &[]).await.unwrap();
    let rows: Vec<(&str, i32)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(rows, [("given-up:search.review_tiers", 1), ("given-up:audit.seal", 1)]);
}

/// The last values of a function's metrics, by their names.
fn metrics(worker: &Function) -> Map<String, Value> {
    let mut all = Map::new();
    for line in worker.output().text().lines().filter(|line| line.contains("CloudWatchMetrics")) {
        let line: Value = serde_json::from_str(line).unwrap();
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["function"]]), "each more is a metric more that costs");
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            all.insert(name.to_owned(), line[name].clone());
        }
    }
    all
}

/// Waits for a metric's last value: what a function prints arrives beside its answer.
async fn says(worker: &Function, metric: &str, value: f64) {
    for _ in 0..200 {
        if metrics(worker).get(metric) == Some(&json!(value)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{metric} is not {value}:\n{}", worker.output().text());
}

#[tokio::test]
async fn a_changed_row_of_the_audit_log_and_a_job_that_fails_are_metrics_that_alarms_watch() {
    let deployment = Deployment::new().await;
    deployment.visitor().register("ada").await;
    let tasks = tempfile::tempdir().unwrap();
    let worker = Function::new(options("worker", &tasks, &deployment.database.url().await));
    let checking = json!({ "jobs": ["audit.seal", "audit.check"] });
    let done = invoke(&worker, checking.clone()).await.unwrap();
    assert_eq!(done["done"]["audit.check"], 1, "{done}");
    says(&worker, "AuditBroken", 0.0).await;
    says(&worker, "JobFailures", 0.0).await;

    let change = "SET session_replication_role = replica;
        UPDATE audit_log SET ip = 'elsewhere'; DELETE FROM audit_checks";
    let database = deployment.database.superuser().await;
    database.batch_execute(change).await.unwrap();
    invoke(&worker, checking).await.unwrap();
    says(&worker, "AuditBroken", 1.0).await;

    let fails = "ALTER FUNCTION mem0.ensure_audit_partitions RENAME TO ensure_no_audit_partitions";
    database.batch_execute(fails).await.unwrap();
    invoke(&worker, json!({ "job": "audit.extend" })).await.unwrap_err();
    says(&worker, "JobFailures", 1.0).await;
}

#[tokio::test]
async fn without_a_database_the_whole_batch_comes_again() {
    let tasks = tempfile::tempdir().unwrap();
    let nowhere = "postgres://nobody:secret@127.0.0.1:1/nowhere";
    let worker = Function::new(options("worker", &tasks, nowhere));
    let event = batch(&[("a", json!({ "job": "memory.embed" })), ("b", json!({ "job": "memory.embed" }))]);
    let answer = invoke(&worker, event).await.unwrap();
    assert_eq!(
        answer,
        json!({ "batchItemFailures": [{ "itemIdentifier": "a" }, { "itemIdentifier": "b" }] })
    );
    assert!(invoke(&worker, json!({ "job": "memory.embed" })).await.is_err(), "a schedule tries again");
}

#[tokio::test]
async fn a_worker_that_is_killed_in_the_middle_of_a_batch_leaves_it_to_the_next_and_nothing_is_done_twice() {
    let deployment = Deployment::new().await;
    let ada = deployment.visitor().register("ada").await;
    let office = json!({ "kind": "organization", "name": "Office" });
    let office = ada.post("/v1/organizations", office).await.ok();
    let until = Clock::default().now() + chrono::TimeDelta::days(1);
    for number in 0..5 {
        let message = json!({ "messages": format!("Locker {number} is {}", number * 11), "infer": false });
        let added = ada.post("/v3/memories/add/", message).await.ok();
        let shares = format!("/v1/memories/{}/shares/", added["results"][0]["id"].as_str().unwrap());
        let with = json!({ "with": office["scope"], "expires_at": until });
        ada.post(&shares, with).await.assert_status(201);
    }
    let database = &deployment.database;
    let client = database.superuser().await;
    let count = async |sql: &str| -> i64 { client.query_one(sql, &[]).await.unwrap().get(0) };
    let finished = "SELECT count(*) FROM outbox WHERE finished_at IS NOT NULL";
    let ended = "SELECT count(*) FROM shares WHERE revoked_at IS NOT NULL";
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'share.expire'";
    client
        .batch_execute("UPDATE shares SET expires_at = granted_at + interval '1 millisecond'")
        .await
        .unwrap();

    // Twenty messages, of which the eighth ends the shares.
    let job = |number| if number == 7 { "share.expire" } else { "search.review_tiers" };
    let records: Vec<(String, Value)> =
        (0..20).map(|number| (format!("m{number}"), json!({ "job": job(number) }))).collect();
    let records: Vec<(&str, Value)> = records.iter().map(|(id, body)| (id.as_str(), body.clone())).collect();
    let event = batch(&records);
    let tasks = tempfile::tempdir().unwrap();
    let options = options("worker", &tasks, &database.url().await);
    let mut doomed = Environment::spawn(&options).await.unwrap();
    doomed.ready().await.unwrap();
    let pid = doomed.pid();
    // It waits for this in the middle of its transaction, when the first share has ended and is not in the log yet.
    let lock = database.another_superuser().await;
    lock.batch_execute("BEGIN; LOCK TABLE audit_log IN EXCLUSIVE MODE").await.unwrap();
    let killing = async {
        database.until_waiting(1).await;
        std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    };
    let (answer, ()) = tokio::join!(doomed.invoke_raw(event.to_string().into()), killing);
    assert!(answer.is_err(), "it was killed");
    lock.batch_execute("ROLLBACK").await.unwrap();
    let sessions = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while count(sessions).await > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((count(finished).await, count(ended).await, count(audited).await), (7, 0, 0));

    // SQS brings the batch again. What the dead worker had taken up is its own until its lease is over.
    let worker = Function::new(options);
    assert_eq!(invoke(&worker, event.clone()).await.unwrap(), json!({ "batchItemFailures": [] }));
    assert_eq!((count(finished).await, count(ended).await), (19, 0));
    let left = "SELECT extract(epoch FROM max(due_at) - now())::bigint FROM outbox WHERE finished_at IS NULL";
    assert!((1..=120).contains(&count(left).await), "two minutes at most");
    client.batch_execute("UPDATE outbox SET due_at = now() WHERE finished_at IS NULL").await.unwrap();
    for _ in 0..2 {
        assert_eq!(invoke(&worker, event.clone()).await.unwrap(), json!({ "batchItemFailures": [] }));
        assert_eq!((count(finished).await, count(ended).await, count(audited).await), (20, 5, 5));
    }
    let attempts =
        "SELECT count(*) FROM outbox WHERE attempts <> CASE received_id WHEN 'm7' THEN 2 ELSE 1 END";
    assert_eq!(count(attempts).await, 0, "only what was under way was begun again");
}
