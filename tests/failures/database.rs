//! A database that is down, or ends a session in the middle of a request.

use std::time::Duration;

use super::{Environment, memories};
use crate::database_login::Rds;

#[tokio::test]
async fn an_environment_that_starts_without_its_database_says_so_and_recovers_by_itself() {
    let rds = Rds::start("right", false).await;
    let token = Environment::new(&rds).await.register().await;
    rds.front.refuse(true);
    let environment = Environment::new(&rds).await;
    for _ in 0..2 {
        let answer = environment.add(&token, None, "Tea is at four").await;
        assert!(answer.is_come_again(), "{} {}", answer.status, answer.body);
    }
    rds.front.refuse(false);
    assert_eq!(environment.add(&token, None, "Tea is at four").await.status, 200);
    assert_eq!(memories(&rds).await, 1);
}

#[tokio::test]
async fn a_session_that_is_killed_in_its_transaction_leaves_nothing_and_the_retry_does_it_once() {
    let rds = Rds::start("right", false).await;
    let environment = Environment::new(&rds).await;
    let token = environment.register().await;
    let superuser = rds.database.superuser().await;
    // The add waits in the middle of its transaction for as long as this is held.
    superuser.batch_execute("BEGIN; LOCK TABLE memory_versions IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let add = environment.add(&token, Some("tea"), "Tea is at four");
    let kill = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                        WHERE usename = $1 AND wait_event_type = 'Lock' AND datname = current_database()";
        for _ in 0..500 {
            if superuser.query_one(waiting, &[&rds.role]).await.unwrap().get::<_, i64>(0) > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1";
        superuser.query_one(end, &[&rds.role]).await.unwrap();
        superuser.batch_execute("ROLLBACK").await.unwrap();
    };
    let (answer, ()) = tokio::join!(add, kill);
    assert!(answer.is_come_again(), "{} {}", answer.status, answer.body);
    assert_eq!(memories(&rds).await, 0);

    for _ in 0..2 {
        assert_eq!(environment.add(&token, Some("tea"), "Tea is at four").await.status, 200);
    }
    assert_eq!(memories(&rds).await, 1);
}
