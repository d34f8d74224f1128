//! A database that is down, or ends a session in the middle of a request.

use super::{Environment, memories};
use crate::database_login::Rds;

const TEA: &str = "Tea is at four";

#[tokio::test]
async fn an_environment_that_starts_without_its_database_says_so_and_recovers_by_itself() {
    let rds = Rds::start("right", false).await;
    let token = Environment::new(&rds).await.register().await;
    rds.front.refuse(true);
    let environment = Environment::new(&rds).await;
    for _ in 0..2 {
        let answer = environment.add(&token, None, TEA).await;
        assert!(answer.is_come_again(), "{} {}", answer.status, answer.body);
    }
    rds.front.refuse(false);
    assert_eq!(environment.add(&token, None, TEA).await.status, 200);
    assert_eq!(memories(&rds).await, 1);
}

/// What adding a memory leaves: rows of every kind.
const LEFT: &str = "
    SELECT (SELECT count(*) FROM memories) + (SELECT count(*) FROM memory_versions) + (SELECT count(*) FROM events)
         + (SELECT count(*) FROM audit_log) + (SELECT count(*) FROM outbox)";

#[tokio::test]
async fn a_session_that_is_killed_in_its_transaction_leaves_nothing_and_the_retry_does_it_once() {
    let rds = Rds::start("right", false).await;
    let environment = Environment::new(&rds).await;
    let token = environment.register().await;
    let superuser = rds.database.superuser().await;
    let left = async || -> i64 { superuser.query_one(LEFT, &[]).await.unwrap().get(0) };
    let before = left().await;
    // The add waits in the middle of its transaction for as long as this is held.
    let lock = rds.database.another_superuser().await;
    lock.batch_execute("BEGIN; LOCK TABLE memory_versions IN EXCLUSIVE MODE").await.unwrap();
    let kill = async {
        rds.database.until_waiting(1).await;
        rds.end_sessions().await;
        lock.batch_execute("ROLLBACK").await.unwrap();
    };
    let (answer, ()) = tokio::join!(environment.add(&token, Some("tea"), TEA), kill);
    assert!(answer.is_come_again(), "{} {}", answer.status, answer.body);
    assert_eq!(left().await, before);

    for _ in 0..2 {
        assert_eq!(environment.add(&token, Some("tea"), TEA).await.status, 200);
    }
    assert_eq!(memories(&rds).await, 1);
}

/// Nobody can say then whether it is stored. It is, and the client who asks again hears so.
#[tokio::test]
async fn a_connection_that_is_cut_during_the_commit_is_come_again_and_the_retry_does_nothing_twice() {
    let rds = Rds::start("right", false).await;
    let environment = Environment::new(&rds).await;
    let token = environment.register().await;
    // The commit itself waits for a lock.
    let linger = "
        CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(7);
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON memories DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION linger()";
    rds.database.superuser().await.batch_execute(linger).await.unwrap();
    let lock = rds.database.another_superuser().await;
    lock.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(7)").await.unwrap();
    let cut = async {
        rds.database.until_waiting(1).await;
        rds.front.cut();
    };
    let (answer, ()) = tokio::join!(environment.add(&token, Some("tea"), TEA), cut);
    assert!(answer.is_come_again(), "{} {}", answer.status, answer.body);
    assert_eq!(memories(&rds).await, 0);
    lock.batch_execute("ROLLBACK").await.unwrap();
    for _ in 0..500 {
        if memories(&rds).await == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(memories(&rds).await, 1, "it was stored after all");
    for _ in 0..2 {
        assert_eq!(environment.add(&token, Some("tea"), TEA).await.status, 200);
    }
    assert_eq!(memories(&rds).await, 1);
}
