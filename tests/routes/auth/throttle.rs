//! Throttling of guesses: what is counted, what is blocked, and that nobody can lock others out.

use chrono::TimeDelta;
use serde_json::json;

use super::{PASSWORD, Person, address, founder, minutes};
use crate::harness::{Answer, Client as _, TestApp};

/// Asserts that an attempt was refused, and returns the seconds to wait.
#[track_caller]
fn blocked(answer: &Answer) -> i64 {
    answer.assert_problem(429, "limit-reached", None);
    answer.header("retry-after").unwrap().parse().unwrap()
}

async fn guess(person: &Person, times: usize) {
    for _ in 0..times {
        person.try_login("not the password").await.assert_status(401);
    }
}

#[tokio::test]
async fn after_five_failures_an_account_is_blocked_twice_as_long_each_time() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    guess(&ada, 5).await;
    // The right password is refused, too: otherwise the block would tell which one it is.
    assert_eq!(blocked(&ada.try_login(PASSWORD).await), 30);
    app.advance(TimeDelta::seconds(10));
    assert_eq!(blocked(&ada.try_login("not the password").await), 20);
    for wait in [30, 60, 120, 240, 480, 900, 900] {
        app.advance(TimeDelta::seconds(wait));
        guess(&ada, 1).await;
        let next = (wait * 2).min(900);
        assert_eq!(blocked(&ada.try_login(PASSWORD).await), next);
    }
}

#[tokio::test]
async fn a_login_forgets_the_failures_of_its_account() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    for _ in 0..3 {
        guess(&ada, 4).await;
        ada.logs_in().await;
    }
    guess(&ada, 5).await;
    blocked(&ada.try_login(PASSWORD).await);
    app.advance(TimeDelta::seconds(30));
    ada.logs_in().await;
    guess(&ada, 4).await;
}

#[tokio::test]
async fn failures_long_ago_are_forgotten() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    guess(&ada, 4).await;
    app.advance(TimeDelta::hours(13));
    guess(&ada, 4).await;
    ada.logs_in().await;
}

#[tokio::test]
async fn accounts_that_do_not_exist_are_blocked_alike() {
    let app = TestApp::new().await;
    let nobody = Person { email: address("nobody"), ..Person::visitor(&app) };
    guess(&nobody, 5).await;
    assert_eq!(blocked(&nobody.try_login(PASSWORD).await), 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_sent_all_at_once_are_all_counted() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let verified = app.identity().passwords().verified();
    let guesses: Vec<_> = (0..40)
        .map(|number| {
            let ada = ada.clone();
            tokio::spawn(
                async move { ada.try_login(&format!("guess number {number}")).await.status.as_u16() },
            )
        })
        .collect();
    let (mut wrong, mut refused) = (0, 0);
    for guess in guesses {
        match guess.await.unwrap() {
            401 => wrong += 1,
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((wrong, refused), (5, 35));
    assert_eq!(app.identity().passwords().verified() - verified, 5);
}

#[tokio::test]
async fn an_address_is_blocked_after_thirty_failures_whatever_the_accounts() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    for number in 0..30 {
        let guess = Person { email: address(&format!("somebody{number}")), ..ada.clone() };
        guess.at("198.51.100.1").try_login(PASSWORD).await.assert_status(401);
    }
    assert_eq!(blocked(&ada.at("198.51.100.1").try_login(PASSWORD).await), 30);
    // Others are not concerned, nor is the account.
    ada.at("198.51.100.2").try_login(PASSWORD).await.assert_status(200);
    app.advance(TimeDelta::seconds(31));
    ada.at("198.51.100.1").try_login(PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn an_own_account_does_not_wash_an_address_clean() {
    let app = TestApp::new().await;
    let mallory = Person::owner(&app, "mallory").await.at("198.51.100.1");
    for number in 0..30 {
        let guess = Person { email: address(&format!("somebody{number}")), ..mallory.clone() };
        guess.try_login(PASSWORD).await.assert_status(401);
        if number < 29 {
            mallory.try_login(PASSWORD).await.assert_status(200);
        }
    }
    blocked(&mallory.try_login(PASSWORD).await);
}

#[tokio::test]
async fn logins_of_a_whole_office_do_not_block_its_address() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await.at("198.51.100.1");
    for _ in 0..40 {
        ada.try_login(PASSWORD).await.assert_status(200);
    }
}

#[tokio::test]
async fn a_blocked_address_does_no_harm_to_accounts() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    for number in 0..30 {
        let guess = Person { email: address(&format!("somebody{number}")), ..ada.clone() };
        guess.at("198.51.100.1").try_login(PASSWORD).await.assert_status(401);
    }
    for _ in 0..10 {
        blocked(&ada.at("198.51.100.1").try_login("not the password").await);
    }
    ada.at("198.51.100.2").try_login(PASSWORD).await.assert_status(200);
}

#[tokio::test]
async fn an_ipv6_customer_is_one_address() {
    let app = TestApp::new().await;
    for number in 0..30 {
        let guess = Person { email: address(&format!("somebody{number}")), ..Person::visitor(&app) };
        guess.at(&format!("2001:db8:7:1::{number}")).try_login(PASSWORD).await.assert_status(401);
    }
    let guess = Person { email: address("somebody"), ..Person::visitor(&app) };
    blocked(&guess.at("2001:db8:7:1:ffff::1").try_login(PASSWORD).await);
    guess.at("2001:db8:7:2::1").try_login(PASSWORD).await.assert_status(401);
}

#[tokio::test]
async fn registering_is_limited_by_address() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await.at("198.51.100.1");
    for _ in 0..20 {
        ada.with_token("").post("/v1/auth/register", founder("ada")).await.assert_status(409);
    }
    assert_eq!(blocked(&ada.with_token("").post("/v1/auth/register", founder("bob")).await), 60);
    let elsewhere = ada.with_token("").at("198.51.100.2");
    elsewhere.post("/v1/auth/register", founder("bob")).await.assert_status(201);
    app.advance(minutes(1));
    ada.with_token("").post("/v1/auth/register", founder("carol")).await.assert_status(201);
}

/// Others at the same address may have done what they like.
#[tokio::test]
async fn an_invitation_is_accepted_from_a_blocked_address() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await.at("198.51.100.1");
    let token = ada.invitation(&address("bob"), "member").await;
    let visitor = ada.with_token("");
    for _ in 0..20 {
        visitor.post("/v1/auth/register", founder("ada")).await.assert_status(409);
    }
    let with = |name: &str, token: &str| json!({ "email": address(name), "password": PASSWORD, "name": name, "invitation": token });
    // Only with the right token, and for its address.
    blocked(&visitor.post("/v1/auth/register", with("bob", "m0in_wrong")).await);
    blocked(&visitor.post("/v1/auth/register", with("eve", &token)).await);
    visitor.post("/v1/auth/register", with("bob", &token)).await.assert_status(201);
    blocked(&visitor.post("/v1/auth/register", with("bob", &token)).await);
    blocked(&visitor.post("/v1/auth/register", founder("carol")).await);
}

#[tokio::test]
async fn wrong_refresh_tokens_are_limited_by_address_and_right_ones_are_not() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await.at("198.51.100.1");
    for number in 0..60 {
        ada.try_refresh(&format!("m0rt_{number}")).await.assert_status(401);
    }
    assert_eq!(blocked(&ada.try_refresh("m0rt_wrong").await), 30);
    ada.try_refresh(&ada.refresh_token).await.assert_status(200);
}

#[tokio::test]
async fn guessing_the_current_password_in_a_stolen_session_is_limited() {
    let app = TestApp::new().await;
    let ada = Person::owner(&app, "ada").await;
    let change =
        |current: &str| json!({ "current_password": current, "new_password": "copper lantern 83 fog" });
    for _ in 0..5 {
        let answer = ada.post("/v1/auth/password", change("not the password")).await;
        answer.assert_problem(400, "invalid", Some("current_password"));
    }
    assert_eq!(blocked(&ada.post("/v1/auth/password", change(PASSWORD)).await), 30);
}
