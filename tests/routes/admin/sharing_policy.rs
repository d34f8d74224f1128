//! `/v1/enterprise/sharing-policy` and `/v1/organizations/{id}/sharing-policy`.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn a_node_narrows_what_holds_above_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let team = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let of = |id| format!("/v1/organizations/{id}/sharing-policy");
    let fresh = alice.get(&of(team.id)).await.ok();
    assert_eq!(fresh["own"], json!({ "default_classification": null, "audiences": {}, "approvals": [] }));
    assert_eq!(
        fresh["effective"],
        json!({
            "default_classification": "internal",
            "audiences": {
                "public": "link", "internal": "enterprise", "confidential": "organization", "restricted": "team",
            },
            "approvals": [],
        })
    );
    let above = json!({ "default_classification": "confidential", "audiences": { "confidential": "team" } });
    alice.put("/v1/enterprise/sharing-policy", above).await.ok();
    let own = json!({ "audiences": { "confidential": "organization", "restricted": "person" } });
    let set = alice.put(&of(team.id), own).await.ok();
    assert_eq!(set["updated_by"], json!(alice.user));
    let effective = &alice.get(&of(team.id)).await.ok()["effective"];
    assert_eq!(effective["default_classification"], "confidential");
    assert_eq!(effective["audiences"]["confidential"], "team");
    assert_eq!(effective["audiences"]["restricted"], "person");
    assert_eq!(alice.get(&of(north.id)).await.ok()["effective"]["audiences"]["restricted"], "team");
}

#[tokio::test]
async fn only_administrators_change_it_and_none_may_widen() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let path = format!("/v1/organizations/{}/sharing-policy", north.id);
    let policy = json!({ "default_classification": "public" });
    let mia = alice.colleague("mia", &north, Role::Member).await;
    mia.get(&path).await.ok();
    mia.put(&path, policy.clone()).await.assert_problem(403, "forbidden", None);
    bob.put(&path, policy).await.assert_problem(404, "not-found", None);
    let wider = json!({ "audiences": { "restricted": "organization" } });
    alice.put(&path, wider).await.assert_problem(400, "invalid", Some("audiences.restricted"));
    alice.put(&path, json!({ "default": "x" })).await.assert_problem(400, "invalid", Some("default"));
    for (rule, field) in [
        (json!({ "approver_role": "member" }), "approvals[0].approver_role"),
        (json!({ "expires_after_hours": 0 }), "approvals[0].expires_after_hours"),
        (json!({ "escalate_after_hours": 9000 }), "approvals[0].escalate_after_hours"),
        (json!({ "directions": ["sideways"] }), "approvals[0].directions[0]"),
    ] {
        let rules = json!({ "approvals": [rule] });
        alice.put(&path, rules).await.assert_problem(400, "invalid", Some(field));
    }
    assert_eq!(alice.get(&path).await.ok()["updated_at"], Value::Null);
}
