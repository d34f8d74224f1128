//! Execution environments are frozen between events: what happens to their database connections.

use super::deployment::Deployment;
use super::visitor::Visitor;

/// One request to each function, which each needs the database.
async fn ask_each(visitor: &Visitor) {
    visitor.get("/v1/auth/me").await.assert_status(200);
    visitor.get("/v1/organizations").await.assert_status(200);
    visitor.get("/v1/stats/").await.assert_status(200);
    let prompt = serde_json::json!({ "prompt": "When do we launch?" });
    visitor.post("/enhance", prompt).await.assert_status(200);
    visitor.call_tool("get_memories", serde_json::json!({})).await;
}

#[tokio::test]
async fn a_connection_that_died_in_the_freezer_is_replaced_before_anybody_notices() {
    let deployment = Deployment::new().await;
    let ada = deployment.visitor().register("ada").await;
    ask_each(&ada).await;
    for function in deployment.functions() {
        function.freeze_all().await;
    }
    let administrator = deployment.database.superuser().await;
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                  WHERE datname = current_database() AND application_name = 'mem0-enterprise'";
    let sessions = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name = 'mem0-enterprise'";
    let count: i64 = administrator.query_one(ended, &[]).await.unwrap().get(0);
    assert_eq!(count, deployment.functions().count() as i64, "one connection for each environment");
    while administrator.query_one(sessions, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }

    ask_each(&ada).await;
    ask_each(&ada).await;
    for function in deployment.functions() {
        assert_eq!(function.cold_starts(), 1, "{} lives on", function.name());
    }
}

#[tokio::test]
async fn a_connection_that_dies_under_a_request_costs_at_most_that_request() {
    let deployment = Deployment::new().await;
    let ada = deployment.visitor().register("ada").await;
    ask_each(&ada).await;
    let administrator = deployment.database.superuser().await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'mem0-enterprise'";
    for _ in 0..5 {
        let (answer, ended) = tokio::join!(ada.get("/v1/organizations"), administrator.execute(end, &[]));
        ended.unwrap();
        if answer.status != 200 {
            answer.assert_problem(503, "unavailable", None);
        }
        ada.get("/v1/organizations").await.assert_status(200);
    }
    assert_eq!(deployment.function("admin").cold_starts(), 1);
}
