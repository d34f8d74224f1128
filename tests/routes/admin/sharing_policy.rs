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

/// Neither by whoever may change the rest of the policy, nor by taking the node away.
#[tokio::test]
async fn a_rule_is_changed_by_those_who_decide_by_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let south = alice.node(ScopeKind::Organization, "South").await;
    let team = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let path = format!("/v1/organizations/{}/sharing-policy", north.id);
    let adam = alice.colleague("adam", &north, Role::Admin).await;
    let join = json!({ "user_id": adam.user, "role": "admin" });
    alice.post(&format!("/v1/organizations/{}/members", south.id), join).await.ok();
    let by = |role: &str| json!({ "directions": ["out"], "classifications": ["confidential"], "approver_role": role });
    let policy = |rules: &[Value]| json!({ "default_classification": "confidential", "approvals": rules });
    adam.put(&path, policy(&[by("admin")])).await.ok();
    alice.put(&path, policy(&[by("owner")])).await.ok();
    for rules in [&[][..], &[by("admin")], &[by("owner"), json!({ "approver_role": "owner" })]] {
        let refused = adam.put(&path, policy(rules)).await.assert_problem(403, "forbidden", None);
        let expected = "a rule about approvals by which the role owner decides can only be added, changed or removed with \
                        the role owner on ";
        assert!(refused.starts_with(expected), "{refused}");
    }
    // What is about something else.
    adam.put(&path, json!({ "approvals": [by("owner")] })).await.ok();
    // A wider rule before it loosens nothing.
    adam.put(&path, policy(&[json!({}), by("owner")])).await.ok();
    let ann = alice.colleague("ann", &team, Role::Member).await;
    let xi = alice.colleague("xi", &south, Role::Member).await;
    let body = json!({ "messages": "Alpha is for sale", "infer": false, "scope": team.label(), "classification": "confidential" });
    let added = ann.post("/v3/memories/add/", body).await.ok();
    let memory = added["results"][0]["id"].as_str().unwrap();
    let with = json!({ "with": format!("person:{}", xi.user) });
    let asked = ann.post(&format!("/v1/memories/{memory}/shares/"), with).await.assert_status(202).json();
    assert_eq!(asked["approval"]["approver_role"], "owner");

    let to_south = json!({ "parent": south.id });
    let moved = adam.post(&format!("/v1/organizations/{}/move", team.id), to_south).await;
    assert!(moved.assert_problem(403, "forbidden", None).contains("needs the role owner there"));
    let dissolve = json!({ "heir": south.id, "members": "leave" });
    let closed = adam.post(&format!("/v1/organizations/{}/dissolve", team.id), dissolve.clone()).await;
    assert!(closed.assert_problem(403, "forbidden", None).contains("needs the role owner there"));
    alice.put(&path, json!({})).await.ok();
    adam.post(&format!("/v1/organizations/{}/dissolve", team.id), dissolve).await.ok();
}
