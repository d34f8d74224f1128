//! `POST /v1/auth/register`: creating an enterprise.

use serde_json::{Value, json};

use super::{PASSWORD, Person, address, audited, founder};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn whoever_founds_an_enterprise_owns_it_and_is_signed_in() {
    let app = TestApp::new().await;
    let answer = Person::visitor(&app).post("/v1/auth/register", founder("ada")).await;
    answer.assert_status(201);
    assert_eq!(answer.json()["expires_in"], 900);
    let ada = Person::signed_in(&app, &answer);
    assert_eq!(ada.user["email"], address("ada"));
    assert_eq!(ada.user["enterprise_name"], "ada Ltd");

    let me = ada.get("/v1/auth/me").await.ok();
    assert_eq!(me["user"]["name"], "ada");
    assert_eq!(me["memberships"], json!([{ "scope": "enterprise", "role": "owner" }]));
    assert_eq!(audited(&app, "enterprise.found").await, 1);
    assert_eq!(audited(&app, "account.register").await, 1);
    assert_eq!(audited(&app, "session.start").await, 1);
}

/// `MEM0_REGISTRATION=invitation`.
#[tokio::test]
async fn where_only_the_invited_register_nobody_founds_an_enterprise() {
    let open = TestApp::new().await;
    let ada = Person::owner(&open, "ada").await;
    let app = open.by_invitation();
    let refused = Person::visitor(&app).post("/v1/auth/register", founder("mallory")).await;
    let detail = refused.assert_problem(403, "forbidden", None);
    assert!(detail.contains("registration is by invitation here"), "{detail}");
    let invitation = json!({ "email": "bob@northwind.example", "role": "member" });
    let token = ada.post("/v1/enterprise/invitations", invitation).await.ok()["token"].clone();
    let body =
        json!({ "email": "bob@northwind.example", "password": PASSWORD, "name": "Bob", "invitation": token });
    Person::visitor(&app).post("/v1/auth/register", body).await.assert_status(201);
    let client = app.database().superuser().await;
    let enterprises = client.query_one("SELECT count(*) FROM enterprises", &[]).await.unwrap();
    assert_eq!(enterprises.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn an_address_is_one_account_however_it_is_written() {
    let app = TestApp::new().await;
    let body = Value::Object({
        let mut body = founder("ada").as_object().unwrap().clone();
        body.insert("email".to_owned(), json!(" Ada@Northwind.EXAMPLE "));
        body
    });
    let ada = Person::signed_in(&app, &Person::visitor(&app).post("/v1/auth/register", body).await);
    assert_eq!(ada.email, "ada@northwind.example");
    let again = Person::visitor(&app).post("/v1/auth/register", founder("ada")).await;
    assert_eq!(
        again.assert_problem(409, "conflict", None),
        "there is an account with this e-mail address already, log in instead"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_registrations_of_one_address_at_once_one_succeeds_and_leaves_one_enterprise() {
    let app = TestApp::new().await;
    let attempts = (0..8).map(|_| {
        let visitor = Person::visitor(&app);
        tokio::spawn(async move { visitor.post("/v1/auth/register", founder("ada")).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    let client = app.database().superuser().await;
    let enterprises = client.query_one("SELECT count(*) FROM enterprises", &[]).await.unwrap();
    assert_eq!(enterprises.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_password_that_is_easy_to_guess_is_refused_with_advice() {
    let app = TestApp::new().await;
    let visitor = Person::visitor(&app);
    for (password, reason) in [
        ("short", "the password has 5 characters, at least 12 are needed"),
        ("aaaaaaaaaaaaaaaa", "the password is too easy to guess: repeats like \"aaa\" are easy to guess"),
        ("northwind2026", "the password is too easy to guess"),
        (&"x".repeat(129), "the password has 129 characters, at most 128 are allowed"),
    ] {
        let mut body = founder("ada");
        body["password"] = json!(password);
        let detail =
            visitor.post("/v1/auth/register", body).await.assert_problem(400, "invalid", Some("password"));
        assert!(detail.starts_with(&format!("password: {reason}")), "{detail}");
    }
    let client = app.database().superuser().await;
    let users = client.query_one("SELECT count(*) FROM users", &[]).await.unwrap();
    assert_eq!(users.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn an_account_belongs_to_one_enterprise_new_or_joined() {
    let app = TestApp::new().await;
    let visitor = Person::visitor(&app);
    let mut body = json!({ "email": address("ada"), "password": PASSWORD, "name": "Ada" });
    let neither = visitor.post("/v1/auth/register", body.clone()).await;
    assert_eq!(neither.assert_problem(400, "invalid", None), "send either enterprise_name or invitation");
    body["enterprise_name"] = json!("Ada Ltd");
    body["invitation"] = json!("m0in_x");
    visitor.post("/v1/auth/register", body).await.assert_problem(400, "invalid", None);
}

#[tokio::test]
async fn no_password_is_stored_that_could_be_read() {
    let app = TestApp::new().await;
    Person::owner(&app, "ada").await;
    let client = app.database().superuser().await;
    let hash: String = client.query_one("SELECT password_hash FROM users", &[]).await.unwrap().get(0);
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
}
