//! `POST /v1/auth/password`.

use serde_json::{Value, json};

use super::{OTHER_PASSWORD, PASSWORD, Person, audited};
use crate::harness::{Client as _, TestApp};

fn change(current: &str, new: &str) -> Value {
    json!({ "current_password": current, "new_password": new })
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_keeps_this_one_and_keys() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let (other, key) = (ada.logs_in().await, ada.api_key().await);
    ada.post("/v1/auth/password", change(PASSWORD, OTHER_PASSWORD)).await.assert_status(204);
    ada.assert_let_in().await;
    ada.refreshes().await.assert_let_in().await;
    ada.with_token(&key).assert_let_in().await;
    other.assert_shut_out().await;
    other.try_refresh(&other.refresh_token).await.assert_status(401);
    ada.try_login(PASSWORD).await.assert_status(401);
    ada.try_login(OTHER_PASSWORD).await.assert_status(200);
    assert_eq!(audited(&app, "password.change").await, 1);
}

#[tokio::test]
async fn a_change_is_refused_for_one_reason_at_a_time() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    for (current, new, field, reason) in [
        ("wrong", OTHER_PASSWORD, "current_password", "this is not the current password"),
        (PASSWORD, PASSWORD, "new_password", "the new password is the current one"),
        (PASSWORD, "short", "new_password", "the password has 5 characters, at least 12 are needed"),
    ] {
        let answer = ada.post("/v1/auth/password", change(current, new)).await;
        assert_eq!(answer.assert_problem(400, "invalid", Some(field)), format!("{field}: {reason}"));
    }
    ada.try_login(PASSWORD).await.assert_status(200);
    assert_eq!(audited(&app, "password.change").await, 0);
}

#[tokio::test]
async fn choosing_takes_as_many_tries_as_it_takes() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    for _ in 0..10 {
        ada.post("/v1/auth/password", change(PASSWORD, "password1234")).await.assert_status(400);
    }
    ada.post("/v1/auth/password", change(PASSWORD, OTHER_PASSWORD)).await.assert_status(204);
}

#[tokio::test]
async fn an_account_without_a_password_cannot_change_it() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let client = app.database().superuser().await;
    client.execute("UPDATE users SET password_hash = NULL", &[]).await.unwrap();
    let answer = ada.post("/v1/auth/password", change(PASSWORD, OTHER_PASSWORD)).await;
    answer.assert_problem(409, "conflict", None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_login_with_the_old_password_survives_its_change() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    // Attempts count until they have succeeded, so no more at once than are free, the change among them.
    let logins: Vec<_> = (0..4)
        .map(|_| {
            let ada = ada.clone();
            tokio::spawn(async move { ada.try_login(PASSWORD).await })
        })
        .collect();
    app.advance(chrono::TimeDelta::seconds(1));
    ada.post("/v1/auth/password", change(PASSWORD, OTHER_PASSWORD)).await.assert_status(204);
    for login in logins {
        let answer = login.await.unwrap();
        if answer.status.is_success() {
            Person::signed_in(&app, &answer).assert_shut_out().await;
        }
    }
    ada.assert_let_in().await;
}
