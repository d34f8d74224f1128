//! A cancelled request also cancels its database work.

use std::time::Duration;

use serde_json::json;

use super::client::{call, modern};
use crate::harness::TestApp;

#[tokio::test]
async fn requests_given_up_at_any_moment_leave_nothing_behind() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    call(&alice, "add_memory", json!({ "text": "The office cat is called Ferris" })).await;
    for micros in (0..20_000).step_by(200) {
        let arguments = json!({ "query": "the office cat" });
        let search = call(&alice, "search_memories", arguments);
        let _ = tokio::time::timeout(Duration::from_micros(micros), search).await;
    }
    for _ in 0..8 {
        let found = call(&alice, "search_memories", json!({ "query": "the office cat" })).await;
        assert_eq!(found["results"].as_array().unwrap().len(), 1);
    }
    let observer = app.database().superuser().await;
    let open = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let none_open = async {
        while observer.query_one(open, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), none_open).await.expect("a transaction stays open");
}

#[tokio::test]
async fn a_request_that_is_given_up_cancels_its_statement() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let added = call(&alice, "add_memory", json!({ "text": "The office cat is called Ferris" })).await;
    let id = added["results"][0]["id"].as_str().unwrap().to_owned();
    // Somebody holds the memory, so that deleting it has to wait.
    let holder = app.database().superuser().await;
    holder.batch_execute("BEGIN; LOCK TABLE memories IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let observer = app.database().superuser().await;
    let waiting = async || -> i64 {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        observer.query_one(waiting, &[]).await.unwrap().get(0)
    };
    let arguments = json!({ "memory_id": id });
    let deletion = {
        let (alice, arguments) = (alice.clone(), arguments.clone());
        tokio::spawn(async move {
            modern(&alice, "tools/call", json!({ "name": "delete_memory", "arguments": arguments })).await
        })
    };
    while waiting().await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    deletion.abort();
    // The statement could wait for ten seconds; the lock is never given up meanwhile.
    let given_up = async {
        while waiting().await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), given_up).await.expect("the statement still waits");
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(call(&alice, "get_memory", arguments).await["id"], id, "and nothing was deleted");
}
