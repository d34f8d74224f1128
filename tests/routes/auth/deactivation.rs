//! Deactivating an account: all of its credentials are refused from the next request on.

use http::{HeaderMap, HeaderValue};
use shared::access::{AuthContext, Credential, RequestInfo};
use shared::error::Error;
use shared::identity::{deactivate_user, reactivate_user};
use shared::ids::RequestId;

use super::{PASSWORD, Person, audited};
use crate::harness::TestApp;

async fn context(person: &Person) -> AuthContext {
    let mut headers = HeaderMap::new();
    let bearer = HeaderValue::from_str(&format!("Bearer {}", person.token)).unwrap();
    headers.insert(http::header::AUTHORIZATION, bearer);
    let request = RequestInfo { id: RequestId::generate(), at: person.app.now(), ip: None, user_agent: None };
    person.app.gate().authenticate(&Credential::from_headers(&headers).unwrap(), request).await.unwrap()
}

async fn deactivate(by: &Person, whom: &Person) -> Result<(), Error> {
    deactivate_user(by.app.gate(), &context(by).await, whom.id()).await.map(drop)
}

async fn reactivate(by: &Person, whom: &Person) -> Result<(), Error> {
    reactivate_user(by.app.gate(), &context(by).await, whom.id()).await
}

#[tokio::test]
async fn every_credential_ends_at_once_and_none_comes_back() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bob = ada.invites("bob", "member").await;
    let (other, key) = (bob.logs_in().await, bob.with_token(&bob.api_key().await));
    for credential in [&bob, &other, &key] {
        credential.assert_let_in().await;
    }

    deactivate(&ada, &bob).await.unwrap();
    let shut_out = async || {
        for credential in [&bob, &other, &key] {
            credential.assert_shut_out().await;
        }
        for session in [&bob, &other] {
            session.try_refresh(&session.refresh_token).await.assert_problem(401, "unauthenticated", None);
        }
    };
    shut_out().await;
    bob.try_login(PASSWORD).await.assert_problem(401, "unauthenticated", None);
    ada.assert_let_in().await;

    reactivate(&ada, &bob).await.unwrap();
    shut_out().await;
    bob.logs_in().await.assert_let_in().await;
    assert_eq!(
        (audited(&app, "account.deactivate").await, audited(&app, "account.reactivate").await),
        (1, 1)
    );
}

#[tokio::test]
async fn doing_it_twice_changes_nothing() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bob = ada.invites("bob", "member").await;
    reactivate(&ada, &bob).await.unwrap();
    bob.assert_let_in().await;
    deactivate(&ada, &bob).await.unwrap();
    deactivate(&ada, &bob).await.unwrap();
    assert_eq!(
        (audited(&app, "account.deactivate").await, audited(&app, "account.reactivate").await),
        (1, 0)
    );
}

#[tokio::test]
async fn only_administrators_do_it_and_only_to_their_equals_and_below() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let (adam, bob) = (ada.invites("adam", "admin").await, ada.invites("bob", "member").await);
    let mallory = Person::owner(&app, "mallory").await;
    assert!(matches!(deactivate(&bob, &adam).await, Err(Error::Forbidden(_))));
    assert!(matches!(deactivate(&adam, &ada).await, Err(Error::Forbidden(_))));
    assert!(matches!(deactivate(&mallory, &bob).await, Err(Error::NotFound { .. })));
    let narrow = bob.with_token(&bob.api_key().await);
    assert!(matches!(deactivate(&narrow, &adam).await, Err(Error::Forbidden(_))));
    for person in [&ada, &adam, &bob] {
        person.assert_let_in().await;
    }
    deactivate(&adam, &bob).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_enterprise_keeps_an_active_owner() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let olaf = ada.invites("olaf", "owner").await;
    // Each the other, at the same moment.
    let (first, second) = (context(&ada).await, context(&olaf).await);
    let (gate, other_gate) = (app.gate().clone(), app.gate().clone());
    let (whom, other) = (olaf.id(), ada.id());
    let one = tokio::spawn(async move { deactivate_user(&gate, &first, whom).await });
    let two = tokio::spawn(async move { deactivate_user(&other_gate, &second, other).await });
    let results = [one.await.unwrap(), two.await.unwrap()];
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_login_at_the_same_moment_does_not_slip_through() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let bob = ada.invites("bob", "member").await;
    let logins: Vec<_> = (0..4)
        .map(|_| {
            let bob = bob.clone();
            tokio::spawn(async move { bob.try_login(PASSWORD).await })
        })
        .collect();
    deactivate(&ada, &bob).await.unwrap();
    for login in logins {
        let answer = login.await.unwrap();
        if answer.status.is_success() {
            Person::signed_in(&app, &answer).assert_shut_out().await;
        }
    }
    let client = app.database().superuser().await;
    let alive = "SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL";
    let alive: i64 = client.query_one(alive, &[&bob.id().uuid()]).await.unwrap().get(0);
    assert_eq!(alive, 0);
}
