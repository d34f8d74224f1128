//! `POST /v1/auth/refresh`: each token has one successor, and reuse of a token ends its family.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::json;

use super::{Person, audited, minutes};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn a_token_is_exchanged_for_the_next_pair_of_the_same_session() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    app.advance(minutes(16));
    ada.assert_shut_out().await;
    let next = ada.refreshes().await;
    next.assert_let_in().await;
    assert_ne!(next.refresh_token, ada.refresh_token);
    let sessions = next.get("/v1/auth/sessions").await.ok();
    assert_eq!(sessions["results"].as_array().unwrap().len(), 1);
    app.advance(minutes(16));
    next.refreshes().await.assert_let_in().await;
}

#[tokio::test]
async fn tokens_are_stored_as_hashes_only() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await.refreshes().await;
    let client = app.database().superuser().await;
    let stored = "SELECT token_hash, successor_salt FROM refresh_tokens";
    for row in client.query(stored, &[]).await.unwrap() {
        assert_eq!(row.get::<_, Vec<u8>>(0).len(), 32);
        assert_eq!(row.get::<_, Vec<u8>>(1).len(), 16);
    }
    let dump: Vec<String> = client
        .query("SELECT t::text FROM refresh_tokens t UNION ALL SELECT s::text FROM sessions s", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(dump.iter().all(|row| !row.contains(&ada.refresh_token[5..])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_exchanges_of_one_token_at_once_give_one_successor() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let exchanges: Vec<_> = (0..50)
        .map(|_| {
            let ada = ada.clone();
            tokio::spawn(async move { ada.refreshes().await })
        })
        .collect();
    let mut successors = HashSet::new();
    let mut one = None;
    for exchange in exchanges {
        let person = exchange.await.unwrap();
        person.assert_let_in().await;
        successors.insert(person.refresh_token.clone());
        one = Some(person);
    }
    assert_eq!(successors.len(), 1);
    let client = app.database().superuser().await;
    let tokens = client.query_one("SELECT count(*) FROM refresh_tokens", &[]).await.unwrap();
    assert_eq!(tokens.get::<_, i64>(0), 2);
    assert_eq!(audited(&app, "session.refresh_token_reuse").await, 0);

    // The family lives on, and ends when the first token comes back later.
    app.advance(minutes(1));
    let next = one.unwrap().refreshes().await;
    next.assert_let_in().await;
    ada.try_refresh(&ada.refresh_token).await.assert_problem(401, "unauthenticated", None);
    assert_eq!(audited(&app, "session.refresh_token_reuse").await, 1);
    next.assert_shut_out().await;
    next.try_refresh(&next.refresh_token).await.assert_status(401);
}

#[tokio::test]
async fn a_retry_within_thirty_seconds_gets_the_same_successor_and_later_ends_the_session() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let (first, other) = (ada.refreshes().await, ada.logs_in().await);
    app.advance(TimeDelta::seconds(30));
    assert_eq!(ada.refreshes().await.refresh_token, first.refresh_token);
    app.advance(TimeDelta::seconds(1));
    ada.try_refresh(&ada.refresh_token).await.assert_status(401);
    first.try_refresh(&first.refresh_token).await.assert_status(401);
    first.assert_shut_out().await;
    // Only that family.
    other.assert_let_in().await;
    other.refreshes().await;
}

#[tokio::test]
async fn retries_never_fork_the_family() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let first = ada.refreshes().await;
    let second = first.refreshes().await;
    // Late duplicates of both exchanges walk the same chain.
    assert_eq!(ada.refreshes().await.refresh_token, first.refresh_token);
    assert_eq!(first.refreshes().await.refresh_token, second.refresh_token);
    let client = app.database().superuser().await;
    let tokens = client.query_one("SELECT count(*) FROM refresh_tokens", &[]).await.unwrap();
    assert_eq!(tokens.get::<_, i64>(0), 3);
}

#[tokio::test]
async fn a_token_that_lies_idle_for_a_fortnight_expires() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    app.advance(TimeDelta::days(14));
    let detail = ada.try_refresh(&ada.refresh_token).await.assert_problem(401, "unauthenticated", None);
    assert_eq!(detail, "the credential has expired");
}

#[tokio::test]
async fn refreshing_does_not_move_the_end_of_a_session() {
    let app = TestApp::new().await;
    let mut ada = Person::owner(&app, "ada").await;
    for _ in 0..3 {
        app.advance(TimeDelta::days(10) - minutes(2));
        ada = ada.refreshes().await;
    }
    // Six minutes are left, and no token outlasts them.
    let answer = ada.try_refresh(&ada.refresh_token).await.ok();
    assert_eq!(answer["expires_in"], 360);
    app.advance(minutes(6));
    ada.assert_shut_out().await;
    let last = answer["refresh_token"].as_str().unwrap();
    ada.try_refresh(last).await.assert_problem(401, "unauthenticated", None);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let key = ada.api_key().await;
    for token in ["", "m0rt_", &ada.token, &key, &ada.refresh_token[..47], &format!("{} ", ada.refresh_token)]
    {
        ada.try_refresh(token).await.assert_problem(401, "unauthenticated", None);
    }
    // Nor does a refresh token open anything by itself.
    ada.with_token(&ada.refresh_token).assert_shut_out().await;
    let body = json!({ "refresh_token": ada.refresh_token, "scope": "all" });
    ada.post("/v1/auth/refresh", body).await.assert_problem(400, "invalid", Some("scope"));
    ada.refreshes().await;
}
