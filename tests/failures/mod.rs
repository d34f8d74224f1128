//! What is lost when something breaks: nothing that was answered, and nothing is done twice.
//!
//! Each Lambda environment is represented by a router with a single connection, so that a hundred of them fit into
//! a test. `database_login` tests logging in (rotation, tokens, failover, silence), `jobs` promised work, and
//! `lambda` what needs a process.

mod database;
mod logins;
mod lost_races;
mod mcp;
mod pooled;
mod rollout;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use server::Platform;
use shared::access::Gate;
use shared::clock::Clock;
use shared::config::{DatabaseAuth, DatabaseConfig, LimitsConfig, PublicConfig, Registration};
use shared::db::{Database, Expected};
use tower::ServiceExt as _;

use crate::database_login::Rds;

const PUBLIC_URL: &str = "https://mem0.test";

/// An execution environment: every router, one connection.
pub(super) struct Environment(Router);

/// An answer as a client sees it.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<String>,
    pub(super) body: Value,
}

impl Environment {
    pub(super) async fn new(rds: &Rds) -> Self {
        Self::expecting(rds, Expected::default()).await
    }

    /// Whose connection prepares these statements as soon as it is open.
    pub(super) async fn expecting(rds: &Rds, expected: Expected) -> Self {
        let config = rds.config(Some("right"), DatabaseAuth::Password).await;
        Self::over(Database::expecting(&config, expected).unwrap())
    }

    /// One that logs in to the database as this says.
    pub(super) fn with(config: &DatabaseConfig) -> Self {
        Self::over(Database::new(config).unwrap())
    }

    fn over(database: Database) -> Self {
        let gate = Gate::new(database, Clock::default(), PUBLIC_URL);
        let public = PublicConfig {
            url: PUBLIC_URL.to_owned(),
            allowed_origins: Vec::new(),
            reads_documents: true,
            registration: Registration::Open,
        };
        Self(server::router(&Platform::new(gate, public, LimitsConfig::default())))
    }

    /// Serves it on a port of this machine; its URL.
    pub(super) async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = self.0.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    pub(super) async fn post(&self, path: &str, token: &str, key: Option<&str>, body: Value) -> Answer {
        let mut request = Request::post(path)
            .header("accept", "application/json, text/event-stream")
            .header("host", "mem0.test")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.0.clone().oneshot(request).await.unwrap();
        let retry_after =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let (status, body) = (response.status(), response.into_body());
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status, retry_after, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    /// Registers the owner of an enterprise; their access token.
    pub(super) async fn register(&self) -> String {
        let account = json!({
            "email": "ada@ada.example", "password": "ada keeps 7 grey herons", "name": "ada", "enterprise_name": "ada Ltd",
        });
        let answer = self.post("/v1/auth/register", "", None, account).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    /// Stores a text as it is.
    pub(super) async fn add(&self, token: &str, key: Option<&str>, text: &str) -> Answer {
        let body = json!({ "messages": [{ "role": "user", "content": text }], "infer": false });
        self.post("/v3/memories/add/", token, key, body).await
    }
}

impl Answer {
    /// Whether the client is told to come again, in the one way in which that is said.
    pub(super) fn is_come_again(&self) -> bool {
        self.status == 503 && self.retry_after.is_some() && self.body["type"] == "/problems/unavailable"
    }
}

/// How many memories there are.
pub(super) async fn memories(rds: &Rds) -> i64 {
    let superuser = rds.database.superuser().await;
    superuser.query_one("SELECT count(*) FROM memories", &[]).await.unwrap().get(0)
}
