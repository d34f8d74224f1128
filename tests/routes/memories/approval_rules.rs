//! Which shares need an approval, and that it cannot be bypassed.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{one, remember_with};
use crate::harness::{Actor, Answer, Client as _, TestApp};

async fn approve(actor: &Actor, id: &str) -> Answer {
    actor.post(&format!("/v1/approvals/{id}/approve/"), json!({})).await
}

/// A rule of a node is for the directions, classes and roles that it says.
#[tokio::test]
async fn a_rule_fits_by_direction_class_and_role() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let south = alice.node(ScopeKind::Organization, "South").await;
    let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let beta = alice.node_in(&north, ScopeKind::Team, "Beta").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let lead = alice.colleague("lead", &alpha, Role::Admin).await;
    let other = alice.colleague("other", &alpha, Role::Admin).await;
    let sam = alice.colleague("sam", &south, Role::Member).await;
    let path = format!("/v1/organizations/{}/sharing-policy", alpha.id);
    let rule = async |rule: Value| alice.put(&path, json!({ "approvals": [rule] })).await.ok();
    let internal = remember_with(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
    let secret = json!({ "scope": alpha.label(), "classification": "confidential" });
    let confidential = remember_with(&ann, "Alpha costs a million", secret).await;
    let public = json!({ "scope": alpha.label(), "classification": "public" });
    let public = remember_with(&ann, "Alpha exists", public).await;
    // Whether somebody else has to agree; whatever came of it is undone.
    let waits = async |who: &Actor, memory: &str, with: &str| {
        let shared = who.post(&format!("/v1/memories/{memory}/shares/"), json!({ "with": with })).await;
        let shared_ = shared.json();
        if shared.status == 202 {
            let id = shared_["approval"]["id"].as_str().unwrap();
            let path = format!("/v1/approvals/{id}/withdraw/");
            who.call(http::Method::POST, &path, None).await.ok();
            return true;
        }
        shared.assert_status(201);
        let id = shared_["share"]["id"].as_str().unwrap();
        who.delete(&format!("/v1/memories/{memory}/shares/{id}/")).await.ok();
        false
    };
    let sam = format!("person:{}", sam.user);
    let ways = [
        ("up", north.label()),
        ("across", beta.label()),
        ("out", south.label()),
        ("out", sam.clone()),
        ("public", "public".to_owned()),
    ];
    for direction in ["up", "across", "out", "public", "down"] {
        rule(json!({ "directions": [direction] })).await;
        for (way, with) in &ways {
            let memory = if *way == "public" { &public } else { &internal };
            assert_eq!(waits(&ann, memory, with).await, *way == direction, "{direction}: {with}");
        }
    }
    rule(json!({ "classifications": ["confidential"] })).await;
    assert!(waits(&ann, &confidential, &beta.label()).await);
    assert!(!waits(&ann, &internal, &beta.label()).await);
    rule(json!({ "author_roles": ["member"] })).await;
    assert!(waits(&ann, &internal, &beta.label()).await);
    assert!(!waits(&lead, &internal, &beta.label()).await);
    // Through somebody who may do less it goes no further.
    let vi = alice.colleague("vi", &alpha, Role::Viewer).await;
    let on = json!({ "with": format!("person:{}", vi.user), "may_reshare": true });
    let given = lead.post(&format!("/v1/memories/{internal}/shares/"), on).await;
    given.assert_status(201);
    assert!(waits(&vi, &internal, &beta.label()).await);
    drop(other);
}

/// What is in a context is under the rules and classes of its home when the context goes somewhere.
#[tokio::test]
async fn a_context_is_no_way_around_approvals_and_classes() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let south = alice.node(ScopeKind::Organization, "South").await;
    let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let lead = alice.colleague("lead", &alpha, Role::Admin).await;
    // A member of both, for whom South is above.
    let both = json!({ "user_id": ann.user, "role": "member" });
    alice.post(&format!("/v1/organizations/{}/members", south.id), both).await.ok();
    let sam = alice.colleague("sam", &south, Role::Member).await;
    let rule = json!({ "approvals": [{ "directions": ["out"] }] });
    alice.put(&format!("/v1/organizations/{}/sharing-policy", alpha.id), rule).await.ok();
    let context = |name: &'static str| {
        let ann = ann.clone();
        async move {
            let made = ann.post("/v1/contexts/", json!({ "name": name })).await.ok();
            made["id"].as_str().unwrap().to_owned()
        }
    };
    let memory = remember_with(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
    let secret = json!({ "scope": alpha.label(), "classification": "confidential" });
    let secret = remember_with(&ann, "Alpha costs a million", secret).await;
    let pin = async |memory: &str, context: &str| {
        let with = json!({ "with": format!("context:{context}") });
        ann.post(&format!("/v1/memories/{memory}/shares/"), with).await
    };
    let to_south = async |context: &str| {
        let with = json!({ "with": south.label() });
        ann.post(&format!("/v1/contexts/{context}/shares/"), with).await
    };
    // First pinned, then shared.
    let first = context("First").await;
    pin(&memory, &first).await.assert_status(201);
    let asked = to_south(&first).await;
    asked.assert_status(202);
    let approval = asked.json()["approval"].clone();
    assert_eq!(approval["node"], json!(alpha.label()));
    sam.get(&one(&memory)).await.assert_problem(404, "not-found", None);
    let id = approval["id"].as_str().unwrap();
    approve(&lead, id).await.ok();
    sam.get(&one(&memory)).await.ok();
    // First shared, then pinned.
    let second = context("Second").await;
    to_south(&second).await.assert_status(201);
    let late = remember_with(&ann, "Alpha tests on Thursday", json!({ "scope": alpha.label() })).await;
    let pinned = pin(&late, &second).await;
    pinned.assert_status(202);
    sam.get(&one(&late)).await.assert_problem(404, "not-found", None);
    // What may not be seen in another organization is not, either way.
    pin(&secret, &second).await.assert_problem(403, "forbidden", None);
    let third = context("Third").await;
    pin(&secret, &third).await.assert_status(201);
    to_south(&third).await.assert_problem(403, "forbidden", None);
    // Nor does what was pinned while somebody thought about it come along.
    let fourth = context("Fourth").await;
    pin(&memory, &fourth).await.assert_status(201);
    let asked = to_south(&fourth).await.json()["approval"]["id"].as_str().unwrap().to_owned();
    pin(&secret, &fourth).await.assert_status(201);
    approve(&lead, &asked).await.assert_problem(409, "conflict", None);
}
