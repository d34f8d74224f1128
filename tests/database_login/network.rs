//! Connections that end, fall silent, or lead to another server.

use std::time::Duration;

use shared::config::DatabaseAuth;
use shared::db::Database;

use super::{Rds, ask};

async fn connected(rds: &Rds) -> Database {
    let database = Database::new(&rds.config(Some("right"), DatabaseAuth::Password).await).unwrap();
    ask(&database).await.unwrap();
    database
}

#[tokio::test]
async fn while_the_database_is_down_that_is_said_and_afterwards_it_is_found_again() {
    let rds = Rds::start("right", false).await;
    let database = connected(&rds).await;
    rds.front.refuse(true);
    rds.front.cut();
    let error = ask(&database).await.unwrap_err();
    assert!(error.contains("database unavailable"), "{error}");
    rds.front.refuse(false);
    ask(&database).await.unwrap();
}

#[tokio::test]
async fn after_a_failover_the_next_request_finds_the_new_address() {
    let (rds, other) = (Rds::start("right", false).await, Rds::start("right", false).await);
    let database = connected(&rds).await;
    // The old primary is gone, and its name leads to another machine: before it is ready, and then when it is.
    let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    rds.front.lead_to(nowhere);
    rds.front.cut();
    assert!(ask(&database).await.is_err());
    rds.front.lead_to(other.database.address().await);
    ask(&database).await.unwrap();
    assert_eq!(rds.front.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_fell_silent_while_it_was_idle_is_replaced_within_moments() {
    let rds = Rds::start("right", false).await;
    let database = connected(&rds).await;
    rds.front.silence();
    // Longer than what is trusted without asking.
    tokio::time::sleep(Duration::from_millis(5200)).await;
    tokio::time::timeout(Duration::from_secs(10), ask(&database)).await.unwrap().unwrap();
    assert_eq!(rds.front.connections(), 2);
}
