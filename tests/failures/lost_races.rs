//! Concurrent changes of the same rows: PostgreSQL aborts one of two transactions that wait for each other. The loser
//! is retried, and told to try again later if that does not help; nobody sees an internal error.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Actor, Answer, Client as _, TestApp, TestDatabase};

/// Makes inserts into a table fail as if they had lost against another transaction, the first `times` times; how often they
/// were tried is in the sequence `tries`.
async fn lose(database: &TestDatabase, table: &str, state: &str, times: i64) {
    let sql = format!(
        "CREATE SEQUENCE tries;
         CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
         BEGIN
             IF nextval('tries') <= {times} THEN
                 RAISE EXCEPTION 'somebody else was first' USING ERRCODE = '{state}';
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER lose BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION lose()"
    );
    database.superuser().await.batch_execute(&sql).await.unwrap();
}

async fn tries(database: &TestDatabase) -> i64 {
    database.superuser().await.query_one("SELECT last_value FROM tries", &[]).await.unwrap().get(0)
}

async fn add(actor: &Actor, text: &str) -> Answer {
    actor.post("/v3/memories/add/", json!({ "messages": text, "infer": false })).await
}

fn id(added: &Value) -> String {
    added["results"][0]["id"].as_str().unwrap_or_else(|| panic!("{added}")).to_owned()
}

#[tokio::test]
async fn a_request_that_loses_a_race_is_done_again() {
    for state in ["40P01", "40001"] {
        let app = TestApp::new().await;
        let alice = app.owner("alice").await;
        lose(app.database(), "memories", state, 2).await;
        add(&alice, "The walrus is in the harbour").await.ok();
        assert_eq!(tries(app.database()).await, 3, "{state}");
        let all = alice.post("/v3/memories/", json!({ "filters": {} })).await.ok();
        assert_eq!(all["results"].as_array().unwrap().len(), 1, "once: {all}");
    }
}

#[tokio::test]
async fn a_tool_call_that_loses_a_race_is_done_again() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    lose(app.database(), "memories", "40P01", 1).await;
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "add_memory", "arguments": { "text": "The walrus is in the harbour", "infer": false } },
    });
    let answer = alice.post("/mcp", call).await;
    assert_eq!(answer.ok()["result"]["isError"], false, "{answer}");
    assert_eq!(tries(app.database()).await, 2, "{answer}");
}

#[tokio::test]
async fn whoever_loses_again_and_again_is_told_to_come_again_and_nothing_has_changed() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    lose(app.database(), "memories", "40P01", 1_000).await;
    let rows = "SELECT (SELECT count(*) FROM memories) + (SELECT count(*) FROM audit_log) + (SELECT count(*) FROM events)";
    let superuser = app.database().superuser().await;
    let before: i64 = superuser.query_one(rows, &[]).await.unwrap().get(0);
    let refused = add(&alice, "The walrus is in the harbour").await;
    refused.assert_problem(503, "unavailable", None);
    assert_eq!(tries(app.database()).await, 4, "a few times, not for ever");
    let after: i64 = superuser.query_one(rows, &[]).await.unwrap().get(0);
    assert_eq!(before, after);
}

/// A real one: somebody holds the second of two memories that a request wants, and then wants the first.
#[tokio::test]
async fn a_real_deadlock_costs_the_client_nothing_but_time() {
    let app = TestApp::new().await;
    // The others find out at once that they wait for each other; whoever stands in their way does not look.
    let name = "SELECT current_database()";
    let name: String = app.database().superuser().await.query_one(name, &[]).await.unwrap().get(0);
    let patience = format!("ALTER DATABASE {name} SET deadlock_timeout = '50ms'");
    app.database().superuser().await.batch_execute(&patience).await.unwrap();
    let alice = app.owner("alice").await;
    let mut ids = vec![
        id(&add(&alice, "The walrus is in the harbour").await.ok()),
        id(&add(&alice, "Herring is sold on Fridays").await.ok()),
    ];
    // Everybody locks memories in this order.
    ids.sort();
    let lock = async |id: &str| {
        let id: shared::ids::MemoryId = id.parse().unwrap();
        let lock = "SELECT FROM memories WHERE id = $1 FOR UPDATE";
        app.database().superuser().await.execute(lock, &[&id.uuid()]).await.unwrap();
    };
    let superuser = app.database().superuser().await;
    superuser.batch_execute("SET deadlock_timeout = '60s'; BEGIN").await.unwrap();
    lock(&ids[1]).await;
    let texts: Vec<Value> =
        ids.iter().map(|id| json!({ "memory_id": id, "text": format!("{id} changed") })).collect();
    let change = alice.put("/v1/batch/", json!({ "memories": texts }));
    let meet = async {
        // Until the request waits for what is held here.
        let waiting = "SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'";
        loop {
            superuser.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
            if superuser.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        lock(&ids[0]).await;
        superuser.batch_execute("COMMIT").await.unwrap();
    };
    let (changed, ()) = tokio::join!(change, meet);
    changed.ok();
    let deadlocks = "SELECT pg_stat_force_next_flush(), (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database())";
    let mut seen = 0;
    // Statistics are told by those who ended them when they next come round.
    for _ in 0..200 {
        seen = superuser.query_one(deadlocks, &[]).await.unwrap().get::<_, i64>(1);
        if seen > 0 {
            break;
        }
        alice.get("/v1/ping/").await.ok();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(seen > 0, "it was no deadlock");
    for id in &ids {
        let memory = alice.get(&format!("/v1/memories/{id}/")).await.ok();
        assert_eq!(memory["memory"], format!("{id} changed"), "{memory}");
    }
}
