//! A login to the database that fails, or changes while requests come.

use std::time::Duration;

use serde_json::json;

use super::{Environment, memories};
use crate::database_login::moto::Moto;
use crate::database_login::secrets::{self, SECRET, secret};
use crate::database_login::{Rds, iam};

const TEXT: &str = "Tea is at four";

#[tokio::test]
async fn no_write_is_lost_while_the_password_is_rotated() {
    let (rds, moto) = (Rds::start("first", false).await, Moto::start().await);
    let value = |password: &str| json!({ "username": rds.role, "password": password, "engine": "postgres" });
    moto.put(SECRET, &value("first")).await;
    let environment = Environment::with(&secrets::config(&rds, secret(moto.uri(), None)).await);
    let token = environment.register().await;
    let load = async {
        for number in 0..30 {
            let answer = environment.add(&token, None, &format!("Tea is at {number}")).await;
            assert_eq!(answer.status, 200, "{number}: {}", answer.body);
        }
    };
    let rotation = async {
        for password in ["second", "third"] {
            tokio::time::sleep(Duration::from_millis(60)).await;
            // As RDS's rotation does it: the secret first, then the role.
            moto.put(SECRET, &value(password)).await;
            rds.rotate(password).await;
            rds.end_idle_sessions().await;
        }
    };
    tokio::join!(load, rotation);
    assert_eq!(environment.add(&token, None, "Tea is at thirty").await.status, 200);
    assert_eq!(memories(&rds).await, 31);
}

#[tokio::test]
async fn while_tokens_are_refused_clients_are_told_to_come_again() {
    let rds = iam::rds().await;
    let environment = Environment::with(&rds.config(None, iam::iam()).await);
    let token = environment.register().await;
    // Judged by a clock that is 20 minutes ahead: every token has expired when it arrives.
    rds.front.judge_tokens_later_by(20 * 60);
    rds.end_sessions().await;
    let answer = environment.add(&token, None, TEXT).await;
    assert!(answer.is_come_again(), "{} {}", answer.status, answer.body);
    rds.front.judge_tokens_later_by(0);
    assert_eq!(environment.add(&token, None, TEXT).await.status, 200);
    assert_eq!(memories(&rds).await, 1);
}

#[tokio::test]
async fn while_secrets_manager_throttles_clients_are_told_to_come_again() {
    let rds = Rds::start("right", false).await;
    let token = Environment::new(&rds).await.register().await;
    let value = json!({ "username": rds.role, "password": "right" }).to_string();
    let (url, _) = secrets::busy(4, json!({ "SecretString": value })).await;
    let environment = Environment::with(&secrets::config(&rds, secret(url, None)).await);
    let answer = environment.add(&token, None, TEXT).await;
    assert!(answer.is_come_again(), "{} {}", answer.status, answer.body);
    assert_eq!(environment.add(&token, None, TEXT).await.status, 200);
    assert_eq!(memories(&rds).await, 1);
}

#[tokio::test]
async fn while_secrets_manager_is_silent_clients_are_told_to_come_again() {
    let rds = Rds::start("right", false).await;
    let token = Environment::new(&rds).await.register().await;
    let value = json!({ "username": rds.role, "password": "right" }).to_string();
    let (service, _) = secrets::busy(0, json!({ "SecretString": value })).await;
    let url = secrets::silent(4, &service).await;
    let environment = Environment::with(&secrets::config(&rds, secret(url, None)).await);
    let answer = environment.add(&token, None, TEXT).await;
    assert!(answer.is_come_again(), "{} {}", answer.status, answer.body);
    assert_eq!(environment.add(&token, None, TEXT).await.status, 200);
    assert_eq!(memories(&rds).await, 1);
}
