//! `GET /v1/memories/{id}/access/`: who can see a memory and why, and who can change it.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{remember, remember_with, team};
use crate::harness::{Actor, Client as _, TestApp};

async fn share(actor: &Actor, id: &str, with: &Actor, permission: &str) {
    let body = json!({ "with": format!("person:{}", with.user), "permission": permission });
    actor.post(&format!("/v1/memories/{id}/shares/"), body).await.ok();
}

#[tokio::test]
async fn everybody_who_sees_a_memory_is_named_part_by_part() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let alpha = team(&alice, "Alpha").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let mia = alice.stranger("mia").await;
    let max = alice.stranger("max").await;
    for n in 0..5 {
        alice.colleague(&format!("viewer{n}"), &alpha, Role::Viewer).await;
    }
    let id = remember_with(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
    share(&ann, &id, &mia, "read").await;
    share(&ann, &id, &max, "write").await;
    let path = format!("/v1/memories/{id}/access/");
    let (mut people, mut parts, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let part = ann.get(&format!("{path}?limit=3{cursor}")).await.ok();
        people.extend(part["people"].as_array().unwrap().clone());
        parts += 1;
        match part["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(parts, 3);
    let can_change: Vec<_> =
        people.iter().map(|it| (it["name"].as_str().unwrap(), it["can_change"].as_bool().unwrap())).collect();
    let expected = [
        ("alice", true),
        ("ann", true),
        ("mia", false),
        ("max", true),
        ("viewer0", false),
        ("viewer1", false),
        ("viewer2", false),
        ("viewer3", false),
        ("viewer4", false),
    ];
    assert_eq!(can_change, expected);
    let by_name = format!("person:{}", mia.user);
    assert_eq!((&people[1]["via"], &people[2]["via"]), (&json!([alpha.label()]), &json!([by_name])));
    assert_eq!((&people[1]["via_names"], &people[2]["via_names"]), (&json!(["Alpha"]), &json!([null])));
    let whole = ann.get(&path).await.ok();
    let changed_by = json!([
        format!("its author, as a member of {}", alpha.in_words()),
        format!("those who hold the role admin or above on {}", alpha.in_words()),
        format!("max (person:{}), as shared by ann", max.user),
    ]);
    assert_eq!(whole["changed_by"], changed_by);
    assert_eq!((whole["people"].as_array().unwrap().len(), &whole["next"]), (9, &Value::Null));
    // A cursor is of its list.
    let other = remember(&ann, "Something else").await;
    let foreign = ann.get(&format!("{path}?limit=3")).await.ok();
    let foreign = foreign["next"].as_str().unwrap();
    let wrong = ann.get(&format!("/v1/memories/{other}/access/?cursor={foreign}")).await;
    wrong.assert_problem(400, "invalid", Some("cursor"));
    mia.get(&path).await.ok();
}

#[tokio::test]
async fn what_is_shared_with_all_that_is_in_a_context_is_said() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let alpha = team(&alice, "Alpha").await;
    let south = alice.node(ScopeKind::Organization, "South").await;
    let ann = alice.colleague("ann", &south, Role::Member).await;
    let ben = alice.colleague("ben", &alpha, Role::Viewer).await;
    let made = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = made["id"].as_str().unwrap();
    let scope = format!("context:{context}");
    let id = remember_with(&ann, "The launch is on Friday", json!({ "scope": scope })).await;
    let terms = json!({ "with": alpha.label(), "permission": "write", "expires_at": "2026-05-01T00:00:00Z" });
    ann.post(&format!("/v1/contexts/{context}/shares/"), terms).await.ok();
    let path = format!("/v1/memories/{id}/access/");
    let said = ann.get(&path).await.ok();
    assert_eq!(said["seen_by"][1]["scope"], json!(alpha.label()));
    assert_eq!(said["seen_by"][1]["because"], "in the context Launch, shared by ann until 1 May 2026");
    assert_eq!(said["seen_by"][1]["name"], Value::Null, "a team that she does not see");
    let via = said["people"][2].clone();
    assert_eq!((&via["via"], &via["via_names"]), (&json!([alpha.label()]), &json!([null])), "{said}");
    let people: Vec<(&str, bool)> = said["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["can_change"].as_bool().unwrap()))
        .collect();
    assert_eq!(people, [("alice", true), ("ann", true), ("ben", true)]);
    let said = ben.get(&path).await.ok();
    let because = "in the context Launch, shared with team Alpha by ann until 1 May 2026";
    assert_eq!((&said["you"]["can_change"], &said["you"]["because"][0]), (&json!(true), &json!(because)));
    let levels = ben.post("/v1/memories/hierarchical/", json!({})).await.ok();
    assert_eq!(levels["levels"][0]["results"][0]["reason"], because);
    ben.put(&format!("/v1/memories/{id}/"), json!({ "text": "The launch is on Monday" })).await.ok();
}

/// Whom one may not know of, one is not told of by any part of the answer, nor by a page of the list of shares.
#[tokio::test]
async fn with_whom_it_is_shared_is_told_to_who_decides_and_nobody_else() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let alpha = team(&alice, "Alpha").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let public = json!({ "scope": alpha.label(), "classification": "public" });
    let id = remember_with(&ann, "We open at nine", public).await;
    let names = ["max", "kim", "eva"];
    for name in names {
        share(&ann, &id, &alice.stranger(name).await, "write").await;
    }
    let bob = alice.stranger("bob").await;
    share(&ann, &id, &bob, "read").await;
    share(&ann, &id, &alice.stranger("zoe").await, "write").await;
    let links = format!("/v1/memories/{id}/links/");
    ann.post(&links, json!({ "expires_at": "2026-05-01T00:00:00Z" })).await.ok();

    let path = format!("/v1/memories/{id}/access/");
    let told = bob.get(&path).await.ok();
    assert_eq!(told["changed_by"].as_array().unwrap().len(), 2, "roles alone: {told}");
    assert_eq!(told["seen_by"].as_array().unwrap().len(), 1, "{told}");
    let told = ann.get(&path).await.ok();
    assert_eq!(told["changed_by"].as_array().unwrap().len(), 6, "{told}");
    let seen_by = told["seen_by"].as_array().unwrap();
    assert_eq!(seen_by.len(), 7);
    assert_eq!(
        (&seen_by[6]["scope"], &seen_by[6]["because"]),
        (&json!("link"), &json!("a link to it by ann until 1 May 2026"))
    );

    let page = bob.get(&format!("/v1/memories/{id}/shares/?limit=1")).await.ok();
    assert_eq!(page["results"].as_array().unwrap().len(), 1, "not behind those of others");
    assert_eq!(page["results"][0]["with"], format!("person:{}", bob.user));
    assert_eq!(page["next"], Value::Null, "nor before them");
    let page = ann.get(&format!("/v1/memories/{id}/shares/?limit=1")).await.ok();
    assert!(page["next"].is_string());
}

/// Also those with whom a context that it lives in is shared to write.
#[tokio::test]
async fn who_may_change_it_through_a_context_is_said() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let alpha = team(&alice, "Alpha").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let bob = alice.stranger("bob").await;
    let made = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = made["id"].as_str().unwrap();
    let home = json!({ "scope": format!("context:{context}") });
    let id = remember_with(&ann, "The launch is on Friday", home).await;
    let with = format!("person:{}", bob.user);
    let terms = json!({ "with": with, "permission": "write" });
    ann.post(&format!("/v1/contexts/{context}/shares/"), terms).await.ok();
    let path = format!("/v1/memories/{id}/access/");
    for actor in [&ann, &bob] {
        let said = actor.get(&path).await.ok();
        let expected = json!(format!("bob ({with}), with the context Launch, as shared by ann"));
        assert!(said["changed_by"].as_array().unwrap().contains(&expected), "{said}");
        let shared = said["seen_by"].as_array().unwrap().last().unwrap();
        assert_eq!((&shared["scope"], &shared["name"]), (&json!(with), &json!("bob")), "{said}");
    }
    let said = ann.get(&path).await.ok();
    let person = &said["people"][1];
    assert_eq!((&person["name"], &person["via"]), (&json!("bob"), &json!([with])), "{said}");
    bob.put(&format!("/v1/memories/{id}/"), json!({ "text": "The launch is on Monday" })).await.ok();
}
