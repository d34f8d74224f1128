//! Known callers of a tenant who read at the same time share a transaction (`docs/adr/0028-shared-reads.md`). Each still
//! gets what they may see and a row of their own in the audit log, and what happens to one does not happen to the others.

use std::future::Future;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::client::{call, content, modern};
use crate::harness::{Actor, Answer, TestApp};

/// How many transactions of one tenant run at once; whoever comes later waits for one of them.
const AT_ONCE: i64 = 2;

async fn remembered(caller: &Actor, text: &str) -> String {
    let added = call(caller, "add_memory", json!({ "text": text, "infer": false })).await;
    added["results"][0]["id"].as_str().unwrap().to_owned()
}

/// Reads a memory in the background.
fn read(caller: &Actor, id: &str) -> JoinHandle<Answer> {
    let (caller, arguments) = (caller.clone(), json!({ "memory_id": id }));
    tokio::spawn(async move {
        modern(&caller, "tools/call", json!({ "name": "get_memory", "arguments": arguments })).await
    })
}

/// Prevents rows from being added to the audit log.
async fn hold(holder: &Client) {
    holder.batch_execute("BEGIN; LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE").await.unwrap();
}

async fn release(holder: &Client) {
    holder.batch_execute("COMMIT").await.unwrap();
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), what).await.expect("it takes too long")
}

/// Makes a caller known, with enough of their rate limits at hand that the database is not asked for more.
async fn becomes_known(caller: &Actor, id: &str) {
    for _ in 0..70 {
        call(caller, "get_memory", json!({ "memory_id": id })).await;
    }
}

/// A tenant whose owner and colleague are known and have a memory of their own each.
struct Two {
    app: TestApp,
    alice: Actor,
    bob: Actor,
    hers: String,
    his: String,
}

async fn two() -> Two {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let bob = alice.stranger("bob").await.with_api_key().await;
    let (hers, his) = (remembered(&alice, "Ferris is hers").await, remembered(&bob, "Ferris is his").await);
    let generous =
        "UPDATE plans SET key_per_minute = 60000, user_per_minute = 60000, tenant_per_minute = 60000";
    app.database().superuser().await.batch_execute(generous).await.unwrap();
    becomes_known(&alice, &hers).await;
    becomes_known(&bob, &his).await;
    Two { app, alice, bob, hers, his }
}

/// How many rows about reads each transaction wrote, and for how many tenants.
async fn transactions(observer: &Client) -> Vec<(i64, i64)> {
    let sql = "SELECT count(*), count(DISTINCT enterprise_id) FROM audit_log
                WHERE action = 'memory.read' GROUP BY xid";
    observer.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// How many rows about reads there are.
async fn rows(observer: &Client) -> i64 {
    transactions(observer).await.iter().map(|it| it.0).sum()
}

#[tokio::test]
async fn callers_who_read_at_the_same_time_each_get_what_they_may_see() {
    let Two { app, alice, bob, hers, his } = two().await;
    let other = app.owner("carol").await;
    let theirs = remembered(&other, "Ferris is theirs").await;
    becomes_known(&other, &theirs).await;
    let observer = app.database().superuser().await;
    let before = rows(observer).await;
    let holder = app.database().another_superuser().await;
    hold(&holder).await;
    let mut reads = Vec::new();
    let mut all = async |count: usize| {
        for _ in 0..count {
            reads.push((read(&alice, &hers), Some(&hers)));
            reads.push((read(&bob, &his), Some(&his)));
            reads.push((read(&alice, &his), None));
            reads.push((read(&bob, &theirs), None));
            reads.push((read(&other, &theirs), Some(&theirs)));
        }
    };
    all(1).await;
    // One of carol's, two of the others'.
    app.database().until_waiting(AT_ONCE + 1).await;
    all(6).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    release(&holder).await;
    let mut shown = 0;
    for (answer, expected) in reads {
        let answer = soon(answer).await.unwrap();
        match expected {
            Some(id) => {
                assert_eq!(content(&answer)["id"], **id);
                shown += 1;
            }
            None => assert_eq!(answer.ok()["result"]["content"][0]["text"], "memory not found"),
        }
    }
    let transactions = transactions(observer).await;
    assert_eq!(transactions.iter().map(|it| it.0).sum::<i64>(), before + shown);
    assert!(transactions.iter().any(|it| it.0 > 2), "{transactions:?}");
    assert!(transactions.iter().all(|it| it.1 == 1), "{transactions:?}");
    let strange = "SELECT count(*) FROM audit_log l JOIN memories m ON m.id = l.memory_ids[1]
                    WHERE l.action = 'memory.read' AND (m.author_id, m.enterprise_id) <> (l.actor_id, l.enterprise_id)";
    assert_eq!(observer.query_one(strange, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_caller_who_is_revoked_meanwhile_is_refused_alone() {
    let Two { app, alice, bob, hers, his } = two().await;
    let (observer, holder) = (app.database().superuser().await, app.database().another_superuser().await);
    hold(&holder).await;
    let first: Vec<_> = (0..AT_ONCE).map(|_| read(&alice, &hers)).collect();
    app.database().until_waiting(AT_ONCE).await;
    let (his, hers): (Vec<_>, Vec<_>) = (0..5).map(|_| (read(&bob, &his), read(&alice, &hers))).unzip();
    tokio::time::sleep(Duration::from_millis(200)).await;
    observer.batch_execute("UPDATE api_keys SET revoked_at = now()").await.unwrap();
    release(&holder).await;
    for answer in first.into_iter().chain(hers) {
        content(&soon(answer).await.unwrap());
    }
    for answer in his {
        soon(answer).await.unwrap().assert_status(StatusCode::UNAUTHORIZED.as_u16());
    }
}

#[tokio::test]
async fn reads_that_are_given_up_are_not_done() {
    let Two { app, alice, bob, hers, his } = two().await;
    let (observer, holder) = (app.database().superuser().await, app.database().another_superuser().await);
    let before = rows(observer).await;
    hold(&holder).await;
    let first: Vec<_> = (0..AT_ONCE).map(|_| read(&alice, &hers)).collect();
    app.database().until_waiting(AT_ONCE).await;
    let waiting: Vec<_> = (0..4).flat_map(|_| [read(&bob, &his), read(&alice, &hers)]).collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Somebody else gets the log before those who wait.
    let next = app.database().another_superuser().await;
    let passed_on = async {
        app.database().until_waiting(AT_ONCE + 1).await;
        release(&holder).await;
    };
    soon(async { tokio::join!(hold(&next), passed_on) }).await;
    for answer in first {
        content(&soon(answer).await.unwrap());
    }
    app.database().until_waiting(1).await;
    for task in &waiting {
        task.abort();
    }
    let waiting = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'";
    soon(async {
        while observer.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    release(&next).await;
    assert_eq!(rows(observer).await, before + AT_ONCE);
    // Nobody waits for what was given up.
    let again = content(&soon(read(&bob, &his)).await.unwrap());
    assert_eq!(again["id"], his);
}

#[tokio::test]
async fn a_transaction_that_is_cancelled_records_nothing_that_is_not_shown() {
    let Two { app, alice, bob, hers, his } = two().await;
    let (observer, holder) = (app.database().superuser().await, app.database().another_superuser().await);
    let before = rows(observer).await;
    hold(&holder).await;
    let mut reads: Vec<_> = (0..AT_ONCE).map(|_| read(&alice, &hers)).collect();
    app.database().until_waiting(AT_ONCE).await;
    reads.extend((0..4).flat_map(|_| [read(&bob, &his), read(&alice, &hers)]));
    tokio::time::sleep(Duration::from_millis(200)).await;
    // What waits for the log now, and then the transaction of those who waited for that.
    for _ in 0..2 {
        let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        observer.query(cancel, &[]).await.unwrap();
        app.database().until_waiting(1).await;
    }
    release(&holder).await;
    let mut shown = 0;
    for answer in reads {
        let answer = soon(answer).await.unwrap();
        let result = &answer.ok()["result"];
        match result["isError"].as_bool() {
            Some(false) => shown += 1,
            // What is cancelled a second time is refused.
            _ => assert_eq!(result["content"][0]["text"], "the database is not available right now"),
        }
    }
    assert!(shown > 0);
    assert_eq!(rows(observer).await, before + shown);
}
