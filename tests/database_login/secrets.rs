//! Passwords in Secrets Manager: read once, read again after a rotation, waited for when the service is busy.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use http::{StatusCode, Uri};
use serde_json::{Value, json};
use shared::access::Gate;
use shared::clock::Clock;
use shared::config::{DatabaseAuth, DatabaseConfig, SecretConfig};
use shared::db::Database;

use super::moto::Moto;
use super::{Rds, ask, credentials};

pub(crate) const SECRET: &str = "mem0/database";

/// Logging in with the secret that this service has, or the extension on this port.
pub(crate) fn secret(url: Uri, extension: Option<u16>) -> DatabaseAuth {
    DatabaseAuth::Secret(SecretConfig {
        id: SECRET.to_owned(),
        region: "eu-central-1".to_owned(),
        url,
        ca_pem: None,
        extension,
        credentials: credentials(Some("session-token")),
    })
}

/// The URL without a user: the secret names it.
pub(crate) async fn config(rds: &Rds, auth: DatabaseAuth) -> DatabaseConfig {
    let config = rds.config(None, auth).await;
    let url = rds.url(None).await.replace(&format!("user={}", rds.role), "");
    DatabaseConfig { url: url.into(), ..config }
}

#[tokio::test]
async fn a_password_that_is_rotated_under_load_costs_nobody_an_answer() {
    let (rds, moto) = (Rds::start("first", false).await, Moto::start().await);
    let value = |password: &str| json!({ "username": rds.role, "password": password, "engine": "postgres" });
    moto.put(SECRET, &value("first")).await;
    let config = DatabaseConfig { connections: 4, ..config(&rds, secret(moto.uri(), None)).await };
    let database = Database::new(&config).unwrap();
    ask(&database).await.unwrap();
    let gate = Gate::new(database.clone(), Clock::default(), "");
    let begin = async || gate.upkeep("test.begin").await.map(drop);

    let load = async {
        for _ in 0..60 {
            for begun in futures_util::future::join_all((0..4).map(|_| begin())).await {
                begun.unwrap();
            }
        }
    };
    let rotation = async {
        for password in ["second", "third"] {
            tokio::time::sleep(Duration::from_millis(30)).await;
            // As RDS's rotation does it: the secret first, then the role.
            moto.put(SECRET, &value(password)).await;
            rds.rotate(password).await;
            rds.end_idle_sessions().await;
        }
    };
    tokio::join!(load, rotation);
    ask(&database).await.unwrap();
}

/// Stands for a service that is busy: so many refusals, then what the real one says.
pub(crate) async fn busy(refusals: usize, reply: Value) -> (Uri, Arc<AtomicUsize>) {
    service(refusals, Arc::new(Mutex::new(reply))).await
}

/// The same, and its reply may change.
pub(crate) async fn service(refusals: usize, reply: Arc<Mutex<Value>>) -> (Uri, Arc<AtomicUsize>) {
    type Shared = (Arc<AtomicUsize>, usize, Arc<Mutex<Value>>);
    async fn answer(State((asked, refusals, reply)): State<Shared>, _: Request) -> impl IntoResponse {
        if asked.fetch_add(1, Ordering::SeqCst) < refusals {
            let throttled = json!({ "__type": "com.amazonaws.secretsmanager#ThrottlingException" });
            return (StatusCode::BAD_REQUEST, throttled.to_string());
        }
        (StatusCode::OK, reply.lock().unwrap().to_string())
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let router = Router::new().fallback(answer).with_state((Arc::clone(&asked), refusals, reply));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

#[tokio::test]
async fn a_throttled_secrets_manager_is_asked_again_and_a_secret_is_kept() {
    let rds = Rds::start("right", false).await;
    let value = json!({ "username": rds.role, "password": "right" }).to_string();
    let (url, asked) = busy(2, json!({ "SecretString": value })).await;
    let database = Database::new(&config(&rds, secret(url, None)).await).unwrap();
    ask(&database).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    rds.end_sessions().await;
    ask(&database).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 3, "the next connection needs no answer");
}

#[tokio::test]
async fn a_secrets_manager_that_stays_busy_is_a_database_that_is_not_there_and_heals() {
    let rds = Rds::start("right", false).await;
    let value = json!({ "username": rds.role, "password": "right" }).to_string();
    let (url, _) = busy(4, json!({ "SecretString": value })).await;
    let database = Database::new(&config(&rds, secret(url, None)).await).unwrap();
    let error = ask(&database).await.unwrap_err();
    assert!(error.contains("ThrottlingException") && !error.contains("right"), "{error}");
    ask(&database).await.unwrap();
}

/// Stands before a service: so many connections stay open and nothing comes, the others lead to it.
pub(crate) async fn silent(connections: usize, service: &Uri) -> Uri {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let address = service.authority().unwrap().to_string();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            if kept.len() < connections {
                kept.push(connection);
                continue;
            }
            let mut service = tokio::net::TcpStream::connect(&address).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut connection, &mut service).await });
        }
    });
    url
}

#[tokio::test]
async fn a_secrets_manager_that_does_not_answer_is_asked_again() {
    let rds = Rds::start("right", false).await;
    let value = json!({ "username": rds.role, "password": "right" }).to_string();
    let (real, asked) = busy(0, json!({ "SecretString": value })).await;
    let database = Database::new(&config(&rds, secret(silent(1, &real).await, None)).await).unwrap();
    ask(&database).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_secrets_manager_that_stays_silent_is_named_to_everybody_before_a_cold_start_would_end() {
    let rds = Rds::start("right", false).await;
    let value = json!({ "username": rds.role, "password": "right" }).to_string();
    let (real, _) = busy(0, json!({ "SecretString": value })).await;
    let config = config(&rds, secret(silent(4, &real).await, None)).await;
    let database = Database::new(&DatabaseConfig { connections: 2, ..config }).unwrap();
    let started = Instant::now();
    // One begins a second after the other, and hears of it at the same time.
    let later = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        ask(&database).await
    };
    let (first, second) = tokio::join!(ask(&database), later);
    for error in [first, second] {
        let error = error.unwrap_err();
        assert!(error.contains("Secrets Manager cannot be reached: no answer in 1.25 s"), "{error}");
    }
    let passed = started.elapsed();
    assert!(passed < Duration::from_secs(8), "after {passed:?}");
    ask(&database).await.unwrap();
}

#[tokio::test]
async fn the_extension_is_asked_first_and_not_believed_twice() {
    let rds = Rds::start("new", false).await;
    let value = |password: &str| json!({ "username": rds.role, "password": password }).to_string();
    let (stale, extension) = busy(0, json!({ "SecretString": value("old") })).await;
    let (url, service) = busy(0, json!({ "SecretString": value("new") })).await;
    let auth = secret(url, stale.port_u16());
    let database = Database::new(&config(&rds, auth).await).unwrap();
    ask(&database).await.unwrap();
    assert_eq!((extension.load(Ordering::SeqCst), service.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn a_secret_that_is_none_is_said_to_be_none_and_not_quoted() {
    let rds = Rds::start("right", false).await;
    let (url, _) = busy(0, json!({ "SecretString": "s3cr3t" })).await;
    let error = ask(&Database::new(&config(&rds, secret(url, None)).await).unwrap()).await.unwrap_err();
    assert!(error.contains("the secret is not") && !error.contains("s3cr3t"), "{error}");
}
