//! Promised work: in order, exactly once, without blocking other work.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use shared::jobs::Delivered;
use shared::outbox::{MAX_ATTEMPTS, Received, promise};

use super::{app_with_effects, dead, deliver_for_a_day, effects, promised, work};

#[tokio::test]
async fn a_promise_is_there_with_its_change_or_not_at_all() {
    let (app, worker, ada) = app_with_effects().await;
    let caller = ada.context().await;
    let tx = caller.begin(&app.gate().db, "test.promise").await.unwrap();
    promise(&tx, &work("test.note", "", "rolled back")).await.unwrap();
    drop(tx);
    promised(&app, &ada, "test.note", "", "committed").await;
    assert_eq!(worker.deliver().await.unwrap(), Delivered { finished: 1, ..Delivered::default() });
    assert_eq!(effects(&app).await, ["committed"]);
    assert_eq!(worker.deliver().await.unwrap(), Delivered::default());
}

#[tokio::test]
async fn messages_about_one_subject_keep_their_order_even_when_the_first_fails_for_a_while() {
    let (app, worker, ada) = app_with_effects().await;
    promised(&app, &ada, "test.unknown", "mem_1", "first").await;
    promised(&app, &ada, "test.unknown", "mem_1", "second").await;
    promised(&app, &ada, "test.note", "mem_2", "of another subject").await;
    promised(&app, &ada, "test.note", "", "of none").await;
    let delivered = worker.deliver().await.unwrap();
    assert_eq!((delivered.finished, delivered.failed), (2, 1), "the second waits for the first");
    assert_eq!(effects(&app).await, ["of another subject", "of none"]);

    // A deployment brings what knows the topic.
    let client = app.database().superuser().await;
    client.batch_execute("UPDATE outbox SET topic = 'test.note' WHERE topic = 'test.unknown'").await.unwrap();
    app.advance(TimeDelta::minutes(1));
    worker.deliver().await.unwrap();
    assert_eq!(effects(&app).await, ["of another subject", "of none", "first", "second"]);
}

#[tokio::test]
async fn a_poison_message_is_given_up_with_its_reason_and_is_in_nobodys_way() {
    let (app, worker, ada) = app_with_effects().await;
    for poison in ["test.fail", "test.panic", "test.refuse"] {
        promised(&app, &ada, poison, "mem_1", poison).await;
        promised(&app, &ada, poison, "mem_1", "behind it").await;
    }
    promised(&app, &ada, "test.note", "mem_1", "fine").await;
    let first = worker.deliver().await.unwrap();
    assert_eq!(first.finished, 1);
    assert_eq!(first.dead, 2, "what will stay wrong is not tried again, and lets the next one be tried");
    deliver_for_a_day(&app, &worker).await;
    assert_eq!(effects(&app).await, ["fine"], "what fails leaves nothing behind");
    let dead = dead(&app).await;
    assert_eq!(dead.len(), 6, "{dead:?}");
    assert!(dead[0].1.contains("the printer is on fire"), "{dead:?}");
    assert!(dead[2].1.contains("panicked"), "{dead:?}");
    assert!(dead[4].1.contains("nobody could understand this"), "{dead:?}");
    let state = worker.outbox().await.unwrap();
    assert_eq!((state.open, state.dead), (0, 6));
}

#[tokio::test]
async fn a_worker_that_dies_at_work_costs_time_and_nothing_else() {
    let (app, worker, ada) = app_with_effects().await;
    promised(&app, &ada, "test.linger", "mem_1", "lingering").await;
    promised(&app, &ada, "test.note", "", "fine").await;
    // Killed in the middle: the future is dropped, the connection with it.
    assert!(tokio::time::timeout(Duration::from_millis(300), worker.deliver()).await.is_err());
    assert_eq!(effects(&app).await, [""; 0]);
    worker.deliver().await.unwrap();
    assert_eq!(effects(&app).await, ["fine"], "the other's lease is not over");
    app.advance(TimeDelta::minutes(3));
    worker.deliver().await.unwrap();
    assert_eq!(effects(&app).await, ["fine", "lingering"]);
}

#[tokio::test]
async fn a_message_that_kills_every_worker_is_given_up_as_well() {
    let (app, worker, ada) = app_with_effects().await;
    promised(&app, &ada, "test.linger", "", "deadly").await;
    let client = app.database().superuser().await;
    for _ in 0..MAX_ATTEMPTS {
        // Taken up, and never heard of again.
        let claim = "SELECT id FROM mem0.claim_message($1, interval '2 minutes', $2)";
        assert!(client.query_opt(claim, &[&app.now(), &MAX_ATTEMPTS]).await.unwrap().is_some());
        app.advance(TimeDelta::minutes(3));
    }
    assert_eq!(worker.deliver().await.unwrap(), Delivered::default());
    let dead = dead(&app).await;
    assert!(dead[0].1.contains("no worker survived"), "{dead:?}");
}

#[tokio::test]
async fn whoever_was_too_slow_undoes_what_somebody_else_has_done_meanwhile() {
    let (app, worker, ada) = app_with_effects().await;
    promised(&app, &ada, "test.linger", "", "twice?").await;
    let client = app.database().superuser().await;
    // The slow worker's lease ends; another one takes the message up and does its work.
    let slow = async {
        let _ = tokio::time::timeout(Duration::from_millis(600), worker.deliver()).await;
    };
    let quick = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        app.advance(TimeDelta::minutes(3));
        assert_eq!(worker.deliver().await.unwrap().finished, 1);
    };
    tokio::join!(slow, quick);
    assert_eq!(effects(&app).await, ["twice?"]);
    let late = "SELECT mem0.finish_message(enterprise_id, id, 1, $1) FROM outbox";
    assert!(!client.query_one(late, &[&app.now()]).await.unwrap().get::<_, bool>(0), "no longer its work");
}

#[tokio::test]
async fn many_workers_share_the_work_and_do_nothing_twice() {
    let (app, worker, ada) = app_with_effects().await;
    for number in 0..40 {
        promised(&app, &ada, "test.note", &format!("mem_{}", number % 5), &number.to_string()).await;
    }
    let all = futures_util::future::join_all((0..4).map(|_| worker.deliver())).await;
    let finished: u64 = all.into_iter().map(|delivered| delivered.unwrap().finished).sum();
    assert_eq!(finished, 40);
    let effects: Vec<usize> = effects(&app).await.iter().map(|note| note.parse().unwrap()).collect();
    assert_eq!(effects.len(), 40);
    for subject in 0..5 {
        let of_subject: Vec<_> = effects.iter().filter(|number| *number % 5 == subject).collect();
        assert!(of_subject.is_sorted(), "{of_subject:?}");
    }
}

#[tokio::test]
async fn what_a_queue_delivers_twice_is_done_once_even_after_it_was_done() {
    let (app, worker, _) = app_with_effects().await;
    let message = |id: &str| Received {
        id: id.to_owned(),
        enterprise: None,
        topic: "test.note".to_owned(),
        subject: String::new(),
        payload: json!({ "note": id }),
    };
    assert_eq!(worker.receive(&[message("a"), message("b"), message("a")]).await.unwrap(), 2);
    assert_eq!(worker.receive(&[message("b")]).await.unwrap(), 0);
    assert_eq!(worker.deliver().await.unwrap().finished, 2);
    assert_eq!(worker.receive(&[message("a"), message("c")]).await.unwrap(), 1);
    assert_eq!(worker.deliver().await.unwrap().finished, 1);
    assert_eq!(effects(&app).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn what_is_done_is_forgotten_after_a_while_and_what_is_dead_is_not() {
    let (app, worker, ada) = app_with_effects().await;
    promised(&app, &ada, "test.note", "", "done").await;
    promised(&app, &ada, "test.refuse", "", "dead").await;
    worker.deliver().await.unwrap();
    let prune = shared::jobs::Job::named("outbox.prune").unwrap();
    assert_eq!(worker.run(prune).await.unwrap(), 0);
    app.advance(TimeDelta::days(16));
    assert_eq!(worker.run(prune).await.unwrap(), 1);
    assert_eq!(worker.outbox().await.unwrap().dead, 1);
}

#[tokio::test]
async fn a_request_promises_for_its_own_tenant_only_and_reads_nothing() {
    let (app, _, ada) = app_with_effects().await;
    let bob = app.owner("bob").await;
    let caller = ada.context().await;
    let tx = caller.begin(&app.gate().db, "test.promise").await.unwrap();
    let foreign =
        "INSERT INTO outbox (enterprise_id, topic, promised_at, due_at) VALUES ($1, 'job.run', now(), now())";
    assert!(tx.execute(foreign, &[&bob.enterprise.uuid()]).await.is_err());
    drop(tx);
    let tx = caller.begin(&app.gate().db, "test.read").await.unwrap();
    assert!(tx.query("SELECT * FROM outbox", &[]).await.is_err());
    drop(tx);
    let tx = caller.begin(&app.gate().db, "test.claim").await.unwrap();
    let claim = "SELECT * FROM mem0.claim_message(now(), interval '1 minute', 10)";
    assert!(tx.query(claim, &[]).await.is_err(), "not in a caller's transaction");
}
