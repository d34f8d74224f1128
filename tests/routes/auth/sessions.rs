//! Listing and ending sessions.

use chrono::TimeDelta;

use super::{Person, audited, minutes};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn logout_ends_its_session_at_once_and_no_other() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let other = ada.logs_in().await;
    ada.post("/v1/auth/logout", serde_json::json!({})).await.assert_status(204);
    ada.assert_shut_out().await;
    ada.try_refresh(&ada.refresh_token).await.assert_status(401);
    other.assert_let_in().await;
    assert_eq!(audited(&app, "session.end").await, 1);
}

#[tokio::test]
async fn logout_everywhere_ends_every_session_but_no_key() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bob = ada.invites("bob", "member").await;
    let (other, key) = (ada.logs_in().await, ada.api_key().await);
    other.post("/v1/auth/logout-everywhere", serde_json::json!({})).await.assert_status(204);
    for session in [&ada, &other] {
        session.assert_shut_out().await;
        session.try_refresh(&session.refresh_token).await.assert_status(401);
    }
    ada.with_token(&key).assert_let_in().await;
    bob.assert_let_in().await;
    ada.logs_in().await.assert_let_in().await;
}

#[tokio::test]
async fn everybody_sees_their_own_sessions_in_parts() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    ada.invites("bob", "member").await;
    for _ in 0..3 {
        app.advance(minutes(1));
        ada.at("198.51.100.7").logs_in().await;
    }
    let first = ada.get("/v1/auth/sessions?limit=3").await.ok();
    let next = first["next"].as_str().unwrap();
    let rest = ada.get(&format!("/v1/auth/sessions?limit=3&cursor={next}")).await.ok();
    assert_eq!(first["results"].as_array().unwrap().len(), 3);
    assert_eq!(first["results"][0]["ip"], "198.51.100.7");
    assert_eq!(first["results"][0]["current"], false);
    assert_eq!(rest["results"].as_array().unwrap().len(), 1);
    assert_eq!(rest["results"][0]["current"], true);
    assert!(rest["next"].is_null());
}

#[tokio::test]
async fn a_session_shows_when_it_was_last_used() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    app.advance(TimeDelta::hours(1));
    let ada = ada.refreshes().await;
    let sessions = ada.get("/v1/auth/sessions").await.ok();
    assert_eq!(sessions["results"][0]["created_at"], "2026-03-02T09:00:00Z");
    assert_eq!(sessions["results"][0]["refreshed_at"], "2026-03-02T10:00:00Z");
    assert_eq!(sessions["results"][0]["expires_at"], "2026-04-01T09:00:00Z");
}

#[tokio::test]
async fn one_can_end_ones_own_sessions_and_nobody_elses() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let (bob, mallory) = (ada.invites("bob", "member").await, Person::owner(&app, "mallory").await);
    let other = ada.logs_in().await;
    let sessions = other.get("/v1/auth/sessions").await.ok();
    let session = |current: bool| {
        let all = sessions["results"].as_array().unwrap();
        let one = all.iter().find(|session| session["current"] == current).unwrap();
        format!("/v1/auth/sessions/{}", one["id"].as_str().unwrap())
    };
    for stranger in [&bob, &mallory] {
        stranger.delete(&session(false)).await.assert_problem(404, "not-found", None);
    }
    ada.assert_let_in().await;
    other.delete(&session(false)).await.assert_status(204);
    ada.assert_shut_out().await;
    other.delete(&session(false)).await.assert_status(204);
    assert_eq!(audited(&app, "session.end").await, 1);
    other.delete(&session(true)).await.assert_status(204);
    other.assert_shut_out().await;
    bob.delete("/v1/auth/sessions/ses_nonsense").await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn sessions_that_ended_long_ago_are_deleted_at_the_next_login() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    ada.post("/v1/auth/logout", serde_json::json!({})).await.assert_status(204);
    app.advance(TimeDelta::days(31));
    ada.logs_in().await;
    let client = app.database().superuser().await;
    let counts = "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM refresh_tokens)";
    let row = client.query_one(counts, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 1));
}
