//! `POST /v1/auth/login`: strangers learn nothing, and old password hashes are replaced.

use serde_json::json;

use super::{PASSWORD, Person, address, audited};
use crate::harness::{Client as _, TestApp};

async fn set_hash(app: &TestApp, hash: &str) {
    let client = app.database().superuser().await;
    client.execute("UPDATE users SET password_hash = $1", &[&hash]).await.unwrap();
}

async fn hash(app: &TestApp) -> String {
    let client = app.database().superuser().await;
    client.query_one("SELECT password_hash FROM users", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_right_password_starts_a_session_of_its_own() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let again = ada.logs_in().await;
    assert_ne!(again.token, ada.token);
    assert_ne!(again.refresh_token, ada.refresh_token);
    ada.assert_let_in().await;
    again.assert_let_in().await;
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let (gone, keyless) = (ada.invites("gone", "member").await, ada.invites("keyless", "member").await);
    let client = app.database().superuser().await;
    let deactivate = "UPDATE users SET status = 'deactivated' WHERE id = $1";
    client.execute(deactivate, &[&gone.id().uuid()]).await.unwrap();
    let without_password = "UPDATE users SET password_hash = NULL WHERE id = $1";
    client.execute(without_password, &[&keyless.id().uuid()]).await.unwrap();

    let mut answers = Vec::new();
    for (name, password) in [
        ("ada", "not the password"),
        ("nobody", PASSWORD),
        ("gone", PASSWORD),
        ("gone", "not the password"),
        ("keyless", PASSWORD),
    ] {
        let (verified, failures) =
            (app.identity().passwords().verified(), audited(&app, "session.start").await);
        let body = json!({ "email": address(name), "password": password });
        let answer = Person::visitor(&app).post("/v1/auth/login", body).await;
        answer.assert_problem(401, "unauthenticated", None);
        // The same work: one password verified, one row written.
        assert_eq!(app.identity().passwords().verified() - verified, 1, "{name}");
        assert_eq!(audited(&app, "session.start").await - failures, 1, "{name}");
        let mut problem = answer.json();
        problem["request_id"] = json!("");
        let headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        answers.push((problem, headers, answer.header("www-authenticate").map(str::to_owned)));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[tokio::test]
async fn failures_are_recorded_where_the_account_is() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    ada.try_login("not the password").await.assert_status(401);
    Person { email: address("nobody"), ..ada.clone() }.try_login(PASSWORD).await.assert_status(401);
    let client = app.database().superuser().await;
    let denied = "SELECT enterprise_id = $1, target FROM audit_log WHERE outcome = 'denied' ORDER BY at, id";
    let enterprise: shared::ids::EnterpriseId = ada.user["enterprise_id"].as_str().unwrap().parse().unwrap();
    let rows = client.query(denied, &[&enterprise.uuid()]).await.unwrap();
    let rows: Vec<(bool, Option<String>)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(rows, [(true, Some(ada.id().to_string())), (false, None)]);
}

#[tokio::test]
async fn an_imported_bcrypt_hash_works_once_and_becomes_argon2id() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    // "U*U", a test vector of crypt_blowfish.
    set_hash(&app, "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW").await;
    ada.try_login("U*V").await.assert_status(401);
    assert!(hash(&app).await.starts_with("$2a$05$"));
    ada.try_login("U*U").await.assert_status(200);
    let upgraded = hash(&app).await;
    assert!(upgraded.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{upgraded}");
    ada.try_login("U*U").await.assert_status(200);
    assert_eq!(hash(&app).await, upgraded);
}

#[tokio::test]
async fn a_hash_with_smaller_parameters_is_made_anew() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    set_hash(&app, WEAK).await;
    ada.logs_in().await.assert_let_in().await;
    let upgraded = hash(&app).await;
    assert!(upgraded.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{upgraded}");
    ada.logs_in().await;
    assert_eq!(hash(&app).await, upgraded);
}

/// Of [`PASSWORD`], by the reference implementation with 8 MiB and one pass.
const WEAK: &str =
    "$argon2id$v=19$m=8192,t=1,p=1$fk6VRMCp9zyVURxtXKF5Aw$f36rXeTw2w1YubnR9DA/lNYhcIibzGZJ3g/BGO6JCbE";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn people_can_log_in_while_their_hash_is_upgraded() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    set_hash(&app, WEAK).await;
    let logins: Vec<_> = (0..4)
        .map(|_| {
            let ada = ada.clone();
            tokio::spawn(async move { ada.try_login(PASSWORD).await.status.as_u16() })
        })
        .collect();
    for login in logins {
        assert_eq!(login.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn a_damaged_hash_is_our_fault_and_lets_nobody_in() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    set_hash(&app, "not a hash").await;
    ada.try_login(PASSWORD).await.assert_problem(500, "internal", None);
}
