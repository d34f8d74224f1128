//! Pagination: no more entries than asked for, starting where the last part ended, and with no other parameters.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use crate::harness::{Actor, Client as _, TestApp, signing_key};

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["id"].as_str().unwrap_or_else(|| panic!("{row}"))).collect()
}

/// That a list is of these rows, by whomever it is asked.
async fn comes_in_parts(actor: &Actor, list: &str, expected: &[Value]) {
    let mut listed = Vec::new();
    let mut path = format!("{list}?limit=2");
    loop {
        let part = actor.get(&path).await.ok();
        let results = part["results"].as_array().unwrap();
        assert!(results.len() <= 2, "{part}");
        listed.extend(results.clone());
        let Some(next) = part["next"].as_str() else { break };
        path = format!("{list}?limit=2&cursor={next}");
    }
    assert_eq!(ids(&listed), ids(expected), "{list}");
    for (wrong, field) in [("limit=0", "limit"), ("limit=1001", "limit"), ("cursor=zzz", "cursor")] {
        actor.get(&format!("{list}?{wrong}")).await.assert_problem(400, "invalid", Some(field));
    }
    // What no list knows.
    actor.get(&format!("{list}?bogus=1")).await.assert_problem(400, "invalid", Some("bogus"));
    // The cursor of another list.
    let (_, query) = path.split_once('?').unwrap();
    let elsewhere = actor.get(&format!("/v1/contexts/?{query}")).await;
    elsewhere.assert_problem(400, "invalid", Some("cursor"));
}

/// Three of them.
async fn made(actor: &Actor, path: &str, body: impl Fn(usize) -> Value) -> Vec<Value> {
    let mut made = Vec::new();
    for number in 0..3 {
        made.push(actor.post(path, body(number)).await.ok());
    }
    made
}

#[tokio::test]
async fn links_come_in_parts() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let public = json!({ "messages": "We open at nine", "infer": false, "classification": "public" });
    let added = alice.post("/v3/memories/add/", public).await.ok();
    let context = alice.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    for list in [
        format!("/v1/memories/{}/links/", added["results"][0]["id"].as_str().unwrap()),
        format!("/v1/contexts/{}/links/", context["id"].as_str().unwrap()),
    ] {
        let links = made(&alice, &list, |_| json!({})).await;
        comes_in_parts(&alice, &list, &links).await;
    }
}

#[tokio::test]
async fn delegations_come_in_parts() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let max = alice.colleague("max", &north, Role::Viewer).await;
    for list in [
        format!("/v1/organizations/{}/approval-delegates", north.id),
        "/v1/enterprise/approval-delegates".to_owned(),
    ] {
        let until = |number| app.now() + chrono::TimeDelta::hours(i64::try_from(number).unwrap() + 1);
        let new = |number| json!({ "user_id": max.user, "ends_at": until(number) });
        comes_in_parts(&alice, &list, &made(&alice, &list, new).await).await;
    }
}

#[tokio::test]
async fn identity_providers_come_in_parts() {
    let app = TestApp::new().await;
    let alice = app.owner("alice").await;
    let list = "/v1/auth/identity-providers";
    let new = |number| {
        json!({
            "name": "Somebody", "issuer": format!("https://somebody{number}.example"),
            "domains": [format!("somebody{number}.example")], "jwks": { "keys": [signing_key().jwk()] },
        })
    };
    comes_in_parts(&alice, list, &made(&alice, list, new).await).await;
}
