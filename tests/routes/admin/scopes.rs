//! `/v1/scopes`: what the caller can read and write.

use serde_json::json;
use shared::access::ApiKeyVerb;

use super::{add_member, column, make};
use crate::harness::{Actor, Client as _, TestApp};

async fn writable(actor: &Actor) -> Vec<(String, bool)> {
    let answer = actor.get("/v1/scopes").await.ok();
    let writable = answer["results"].as_array().unwrap().iter().map(|row| row["writable"].as_bool().unwrap());
    column(&answer, "scope").into_iter().zip(writable).collect()
}

#[tokio::test]
async fn scopes_say_what_can_be_read_and_what_written() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let team = make(&alice, "team", "Lines", Some(&grid)).await;
    make(&alice, "division", "Sales", Some(&energy)).await;
    let mia = alice.stranger("mia").await;
    add_member(&alice, &grid, &mia, "viewer").await;
    add_member(&alice, &team, &mia, "member").await;
    let expected = [
        ("enterprise".to_owned(), false),
        ("personal".to_owned(), true),
        ("public".to_owned(), false),
        (format!("organization:{energy}"), false),
        (format!("division:{grid}"), false),
        (format!("team:{team}"), true),
    ];
    assert_eq!(writable(&mia).await, expected);
    let reader = mia.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    assert!(writable(&reader).await.iter().all(|(_, writable)| !writable));
    let roles = mia.get("/v1/scopes").await.ok();
    assert_eq!(roles["results"][5]["role"], "member");
    assert_eq!(
        roles["results"][3],
        json!({
            "scope": format!("organization:{energy}"), "kind": "organization", "id": energy, "name": "Energy",
            "role": null, "writable": false,
        })
    );
    assert_eq!(writable(&alice).await.len(), 7);
}

#[tokio::test]
async fn scopes_come_in_parts() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let mut expected = vec!["enterprise".to_owned(), "personal".to_owned(), "public".to_owned()];
    for number in 0..4 {
        expected
            .push(format!("organization:{}", make(&alice, "organization", &number.to_string(), None).await));
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let part = alice.get(&format!("/v1/scopes?limit=2{next}")).await.ok();
        seen.extend(column(&part, "scope"));
        match part["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, expected);
}
