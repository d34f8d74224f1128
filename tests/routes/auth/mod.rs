//! `functions/auth`: accounts, sessions and keys, from registration on. Nobody here is inserted as rows: [`Person`]
//! registers and logs in as people do.

mod access_tokens;
mod api_keys;
mod deactivation;
mod input;
mod invitations;
mod login;
mod me;
mod narrowed_keys;
mod oauth;
mod password_resets;
mod passwords;
mod refresh;
mod register;
mod service_accounts;
mod sessions;
mod signing_keys;
mod throttle;

use chrono::TimeDelta;
use serde_json::{Value, json};

pub(super) use crate::harness::PASSWORD;
use crate::harness::{Answer, Client, TestApp};

/// Another password that the policy likes.
pub(super) const OTHER_PASSWORD: &str = "copper lantern 83 fog";

/// Somebody who registered, with the tokens that they hold at the moment.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) app: TestApp,
    pub(super) email: String,
    /// What they send as `Authorization: Bearer`; empty for nothing.
    pub(super) token: String,
    pub(super) refresh_token: String,
    pub(super) user: Value,
    pub(super) address: Option<String>,
}

impl Client for Person {
    fn app(&self) -> &TestApp {
        &self.app
    }

    fn authorization(&self) -> Option<String> {
        (!self.token.is_empty()).then(|| format!("Bearer {}", self.token))
    }

    fn address(&self) -> Option<String> {
        self.address.clone()
    }
}

impl Person {
    /// Somebody who has not signed in.
    pub(super) fn visitor(app: &TestApp) -> Self {
        Self {
            app: app.clone(),
            email: String::new(),
            token: String::new(),
            refresh_token: String::new(),
            user: Value::Null,
            address: None,
        }
    }

    /// The owner of a new enterprise.
    pub(super) async fn owner(app: &TestApp, name: &str) -> Self {
        let answer = Self::visitor(app).post("/v1/auth/register", founder(name)).await;
        Self::signed_in(app, &answer)
    }

    /// Somebody whom this person invites to the whole enterprise.
    pub(super) async fn invites(&self, name: &str, role: &str) -> Self {
        let token = self.invitation(&address(name), role).await;
        let body = json!({ "email": address(name), "password": PASSWORD, "name": name, "invitation": token });
        let answer = Self::visitor(&self.app).post("/v1/auth/register", body).await;
        Self::signed_in(&self.app, &answer)
    }

    /// The token of an invitation to the whole enterprise.
    pub(super) async fn invitation(&self, email: &str, role: &str) -> String {
        let body = json!({ "email": email, "role": role });
        let answer = self.post("/v1/enterprise/invitations", body).await;
        answer.ok()["token"].as_str().unwrap().to_owned()
    }

    /// Whoever was answered with tokens.
    #[track_caller]
    pub(super) fn signed_in(app: &TestApp, answer: &Answer) -> Self {
        let body = answer.ok();
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
        assert_eq!(body["token_type"], "Bearer");
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        Self {
            app: app.clone(),
            email: body["user"]["email"].as_str().unwrap().to_owned(),
            token: text("access_token"),
            refresh_token: text("refresh_token"),
            user: body["user"].clone(),
            address: None,
        }
    }

    /// The same person, calling from that address.
    pub(super) fn at(&self, address: &str) -> Self {
        Self { address: Some(address.to_owned()), ..self.clone() }
    }

    /// The same person, sending that credential.
    pub(super) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// What a login with that password is answered with.
    pub(super) async fn try_login(&self, password: &str) -> Answer {
        let body = json!({ "email": self.email, "password": password });
        self.with_token("").post("/v1/auth/login", body).await
    }

    /// The same person in another session.
    pub(super) async fn logs_in(&self) -> Self {
        Self::signed_in(&self.app, &self.try_login(PASSWORD).await)
    }

    /// What an exchange of that refresh token is answered with.
    pub(super) async fn try_refresh(&self, token: &str) -> Answer {
        self.with_token("").post("/v1/auth/refresh", json!({ "refresh_token": token })).await
    }

    /// The same person, with the next pair of tokens.
    pub(super) async fn refreshes(&self) -> Self {
        Self::signed_in(&self.app, &self.try_refresh(&self.refresh_token).await)
    }

    /// A new API key of theirs that may read and write memories.
    pub(super) async fn api_key(&self) -> String {
        let body = json!({ "name": "key", "scopes": ["memories:read", "memories:write"] });
        self.post("/v1/api-keys", body).await.ok()["key"].as_str().unwrap().to_owned()
    }

    /// Asserts that they are let in.
    pub(super) async fn assert_let_in(&self) {
        let me = self.get("/v1/auth/me").await.ok();
        assert_eq!(me["user"]["id"], self.user["id"]);
    }

    /// Asserts that their credential does not count any more.
    pub(super) async fn assert_shut_out(&self) {
        self.get("/v1/auth/me").await.assert_problem(401, "unauthenticated", None);
    }

    /// `usr_…`.
    pub(super) fn id(&self) -> shared::ids::UserId {
        self.user["id"].as_str().unwrap().parse().unwrap()
    }
}

/// The address that goes with a name.
pub(super) fn address(name: &str) -> String {
    format!("{name}@northwind.example")
}

/// A registration that founds an enterprise.
pub(super) fn founder(name: &str) -> Value {
    json!({
        "email": address(name), "password": PASSWORD, "name": name, "enterprise_name": format!("{name} Ltd"),
    })
}

/// How many rows of the audit log there are for an action.
pub(super) async fn audited(app: &TestApp, action: &str) -> i64 {
    let count = "SELECT count(*) FROM audit_log WHERE action = $1";
    app.database().superuser().await.query_one(count, &[&action]).await.unwrap().get(0)
}

pub(super) const fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}
