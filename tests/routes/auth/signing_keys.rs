//! `/.well-known/jwks.json`, and the rotation of signing keys.

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::{Person, minutes};
use crate::harness::{Client as _, TestApp};

async fn published(app: &TestApp) -> Vec<Value> {
    let answer = app.anonymous().get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
    answer.ok()["keys"].as_array().unwrap().clone()
}

fn kid(person: &Person) -> String {
    jsonwebtoken::decode_header(&person.token).unwrap().kid.unwrap()
}

#[tokio::test]
async fn whoever_fetches_the_keys_can_verify_tokens() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let keys = published(&app).await;
    let key = keys.iter().find(|key| key["kid"] == kid(&ada)).unwrap();
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
        (&"OKP".into(), &"Ed25519".into(), &"EdDSA".into(), &"sig".into())
    );
    assert!(key.get("d").is_none());
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.set_audience(&["https://mem0.test"]);
    let decoding = DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
    let claims = jsonwebtoken::decode::<Value>(&ada.token, &decoding, &validation).unwrap().claims;
    assert_eq!(claims["sub"], ada.user["id"]);
}

#[tokio::test]
async fn a_key_is_published_long_before_it_signs_and_stays_until_its_tokens_have_expired() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let first = kid(&ada);
    let keys = published(&app).await;
    assert_eq!(keys.len(), 2);
    let second =
        keys.iter().map(|key| key["kid"].as_str().unwrap()).find(|id| *id != first).unwrap().to_owned();

    app.advance(TimeDelta::days(30) - minutes(1));
    let before = ada.logs_in().await;
    assert_eq!(kid(&before), first);
    app.advance(minutes(2));
    let after = ada.logs_in().await;
    assert_eq!(kid(&after), second);
    // Both hold; the third is there.
    before.assert_let_in().await;
    after.assert_let_in().await;
    let ids: Vec<String> =
        published(&app).await.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    assert_eq!((ids.len(), &ids[0], &ids[1]), (3, &first, &second));

    app.advance(TimeDelta::hours(2));
    let ids: Vec<String> =
        published(&app).await.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    assert_eq!((ids.len(), &ids[0]), (2, &second));
    before.assert_shut_out().await;
    before.refreshes().await.assert_let_in().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_together_agree_on_their_keys() {
    let app = TestApp::new().await;
    app.database().superuser().await.execute("DELETE FROM signing_keys", &[]).await.unwrap();
    let processes: Vec<_> = (0..8)
        .map(|_| {
            let (identity, now) = (app.identity().clone(), app.now());
            tokio::spawn(async move { identity.signing_keys().current(now).await.unwrap().id.clone() })
        })
        .collect();
    let mut ids = Vec::new();
    for process in processes {
        ids.push(process.await.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(published(&app).await.len(), 2);
}

#[tokio::test]
async fn an_installation_nobody_used_for_months_goes_on() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    app.advance(TimeDelta::days(200));
    let ada = ada.logs_in().await;
    ada.assert_let_in().await;
    assert_eq!(published(&app).await.len(), 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_is_forgotten_within_ten_minutes() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    ada.assert_let_in().await;
    app.database()
        .superuser()
        .await
        .execute("DELETE FROM signing_keys WHERE id = $1", &[&kid(&ada)])
        .await
        .unwrap();
    app.advance(minutes(11));
    ada.assert_shut_out().await;
    let again = ada.logs_in().await;
    assert_ne!(kid(&again), kid(&ada));
    again.assert_let_in().await;
}
