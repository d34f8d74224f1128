//! `POST /v1/memories/hierarchical/`: level by level, each memory once, with the reason.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{remember, remember_with, texts};
use crate::harness::{Actor, Client as _, TestApp};

async fn levels(actor: &Actor, body: Value) -> Vec<(String, Vec<String>)> {
    let answer = actor.post("/v1/memories/hierarchical/", body).await.ok();
    let levels = answer["levels"].as_array().unwrap().iter();
    levels.map(|level| (level["level"].as_str().unwrap().to_owned(), texts(level))).collect()
}

async fn share(actor: &Actor, id: &str, body: Value) {
    actor.post(&format!("/v1/memories/{id}/shares/"), body).await.ok();
}

#[tokio::test]
async fn every_level_is_there_once_with_its_reason() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let grid = alice.node_in(&north, ScopeKind::Division, "Grid").await;
    let alpha = alice.node_in(&grid, ScopeKind::Team, "Alpha").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let at = |scope: String| json!({ "scope": scope });
    remember(&ann, "The personal lamp is green").await;
    remember_with(&alice, "The team lamp is green", at(alpha.label())).await;
    remember_with(&alice, "The division lamp is green", at(grid.label())).await;
    remember_with(&alice, "The organization lamp is green", at(north.label())).await;
    remember_with(&alice, "The enterprise lamp is green", at("enterprise".to_owned())).await;
    remember_with(&alice, "The public lamp is green", at("public".to_owned())).await;
    let given = remember(&alice, "The given lamp is green").await;
    let may = json!({ "with": format!("person:{}", ann.user), "expires_at": "2026-05-01T00:00:00Z" });
    share(&alice, &given, may).await;
    // Seen in several ways, it is there once, where it is nearest.
    share(&alice, &given, json!({ "with": alpha.label() })).await;
    let context = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let scope = format!("context:{}", context["id"].as_str().unwrap());
    remember_with(&ann, "The context lamp is green", at(scope)).await;
    let names = ["personal", "shared", "context", "team", "division", "organization", "enterprise", "public"];
    for body in [json!({}), json!({ "query": "which lamp is green", "threshold": 0.0 })] {
        let found = levels(&ann, body.clone()).await;
        assert_eq!(found.iter().map(|(level, _)| level.as_str()).collect::<Vec<_>>(), names, "{body}");
        assert!(found.iter().all(|(_, texts)| texts.len() == 1), "{found:?}");
        let answer = ann.post("/v1/memories/hierarchical/", body).await.ok();
        let reasons = answer["levels"].as_array().unwrap().iter().map(|level| &level["results"][0]["reason"]);
        let shared = "shared with you by alice until 1 May 2026";
        let expected = [
            "your own",
            shared,
            "via context Launch",
            "via team Alpha",
            "via division Grid",
            "via organization North",
            "via the enterprise",
            "public to everyone",
        ];
        assert_eq!(reasons.collect::<Vec<_>>(), expected);
    }
    app.advance(TimeDelta::days(90));
    let ann = ann.with_api_key().await;
    let left = levels(&ann, json!({})).await;
    // The share with the person is over; that with the team is not.
    assert_eq!(left[2].1, ["The given lamp is green", "The team lamp is green"]);
}

/// However much there is of one level, the others have theirs.
#[tokio::test]
async fn no_level_hides_behind_another() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let alpha = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&alpha, ScopeKind::Team, "Alpha").await;
    let mia = alice.colleague("mia", &alpha, Role::Member).await;
    remember(&mia, "My umbrella is somewhere in the house").await;
    app.advance(TimeDelta::minutes(1));
    for n in 0..12 {
        let id = remember(&alice, &format!("The umbrella number {n} stands in the hall")).await;
        share(&alice, &id, json!({ "with": format!("person:{}", mia.user) })).await;
        let scope = json!({ "scope": alpha.label() });
        remember_with(&alice, &format!("Umbrella {n} of the team stands in the hall"), scope).await;
        app.advance(TimeDelta::seconds(1));
    }
    for body in [
        json!({ "per_level": 2 }),
        json!({ "per_level": 2, "query": "umbrella stands in the hall", "threshold": 0.0 }),
    ] {
        let found = levels(&mia, body.clone()).await;
        let sizes: Vec<(&str, usize)> =
            found.iter().map(|(level, all)| (level.as_str(), all.len())).collect();
        assert_eq!(sizes, [("personal", 1), ("shared", 2), ("team", 2)], "{body}");
    }
    let newest = levels(&mia, json!({ "per_level": 2 })).await;
    assert_eq!(
        newest[2].1,
        ["Umbrella 11 of the team stands in the hall", "Umbrella 10 of the team stands in the hall"]
    );
}

/// Not even behind what is newer and one's own.
#[tokio::test]
async fn what_was_shared_long_ago_is_there() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let id = remember(&alice, "The attic key hangs in the hall").await;
    share(&alice, &id, json!({ "with": format!("person:{}", mia.user) })).await;
    app.advance(TimeDelta::minutes(1));
    for n in 0..9 {
        let own = remember(&mia, &format!("Note {n} about the garden")).await;
        share(&mia, &own, json!({ "with": "enterprise" })).await;
    }
    let found = levels(&mia, json!({ "per_level": 3 })).await;
    let sizes: Vec<(&str, usize)> = found.iter().map(|(level, all)| (level.as_str(), all.len())).collect();
    assert_eq!(sizes, [("personal", 3), ("shared", 1)]);
}

/// Not with a query either, however well one's own answers it; and a level has its own, however much of a nearer one is seen
/// there, too.
#[tokio::test]
async fn what_was_shared_is_found_behind_what_answers_better() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let alpha = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&alpha, ScopeKind::Team, "Alpha").await;
    let mia = alice.colleague("mia", &alpha, Role::Member).await;
    let id = remember(&alice, "An umbrella, maybe").await;
    share(&alice, &id, json!({ "with": format!("person:{}", mia.user) })).await;
    remember_with(&alice, "An umbrella of the team, maybe", json!({ "scope": alpha.label() })).await;
    app.advance(TimeDelta::minutes(1));
    for n in 0..90 {
        let own = remember(&mia, &format!("The umbrella stands in hall {n}")).await;
        if n < 30 {
            share(&mia, &own, json!({ "with": alpha.label() })).await;
        }
    }
    for body in [
        json!({ "query": "Where does the umbrella stand? In the hall", "threshold": 0.0 }),
        json!({ "query": "Where does the umbrella stand? In the hall", "threshold": 0.0, "per_level": 2 }),
        json!({ "per_level": 2 }),
    ] {
        let found = levels(&mia, body.clone()).await;
        let sizes: Vec<(&str, usize)> =
            found.iter().map(|(level, all)| (level.as_str(), all.len())).collect();
        let own = body["per_level"].as_u64().unwrap_or(10) as usize;
        assert_eq!(sizes, [("personal", own), ("shared", 1), ("team", 1)], "{body}");
    }
}

#[tokio::test]
async fn what_says_the_same_is_there_once_with_both_reasons() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let alpha = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&alpha, ScopeKind::Team, "Alpha").await;
    let mia = alice.colleague("mia", &alpha, Role::Member).await;
    remember(&mia, "The demo is on Monday").await;
    remember_with(&alice, "the demo is on Monday", json!({ "scope": alpha.label() })).await;
    remember_with(&alice, "The release is on Friday", json!({ "scope": alpha.label() })).await;
    for body in [json!({}), json!({ "query": "when is the demo", "threshold": 0.0 })] {
        let found = levels(&mia, body.clone()).await;
        let demo =
            found.iter().flat_map(|(_, texts)| texts).filter(|text| text.ends_with("demo is on Monday"));
        assert_eq!(demo.collect::<Vec<_>>(), ["The demo is on Monday"], "{body}");
    }
    let listed = mia.post("/v1/memories/hierarchical/", json!({})).await.ok();
    assert_eq!(listed["levels"][0]["results"][0]["reason"], "your own, and via team Alpha", "{listed}");
    let answer = mia.post("/v1/memories/hierarchical/", json!({})).await.ok();
    assert_eq!(texts(&answer["levels"][1]), ["The release is on Friday"]);
    mia.post("/v1/memories/hierarchical/", json!({ "threshold": 5 })).await.assert_problem(
        400,
        "invalid",
        Some("threshold"),
    );
}
