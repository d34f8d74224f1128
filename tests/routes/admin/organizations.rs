//! `/v1/organizations`: creating, reading, changing and deleting nodes.

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role, ScopeKind};

use super::{add_member, column, make, text, tree};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn a_new_node_says_where_it_stands() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let body = json!({
        "kind": "division", "name": "  Grid ", "parent": energy, "settings": { "color": "teal" },
    });
    let answer = alice.post("/v1/organizations", body).await;
    answer.assert_status(201);
    insta::assert_json_snapshot!(answer.snapshot(), @r#"
    {
      "ancestors": [
        "[org#1]"
      ],
      "created_at": "2026-03-02T09:00:00Z",
      "id": "[org#2]",
      "kind": "division",
      "level": 3,
      "name": "Grid",
      "parent": "[org#1]",
      "role": "owner",
      "scope": "division:[org#2]",
      "settings": {
        "color": "teal"
      },
      "updated_at": "2026-03-02T09:00:00Z"
    }
    "#);
    let id = text(&answer.json()["id"]);
    assert_eq!(alice.get(&format!("/v1/organizations/{id}")).await.ok(), answer.json());
}

#[tokio::test]
async fn what_stands_below_what_is_checked() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let organization = make(&alice, "organization", "Energy", None).await;
    let unit = make(&alice, "unit", "Grid", Some(&organization)).await;
    let team = make(&alice, "team", "Lines", Some(&unit)).await;
    make(&alice, "organization", "Solar", Some(&organization)).await;
    make(&alice, "team", "Board", Some(&organization)).await;
    for (kind, parent) in [
        ("team", None),
        ("division", None),
        ("unit", None),
        ("organization", Some(&unit)),
        ("team", Some(&team)),
        ("unit", Some(&team)),
    ] {
        let body = json!({ "kind": kind, "name": "Misplaced", "parent": parent });
        alice.post("/v1/organizations", body).await.assert_problem(400, "invalid", Some("parent"));
    }
    for kind in ["enterprise", "user", "public"] {
        let body = json!({ "kind": kind, "name": "Misplaced", "parent": organization });
        let told = alice.post("/v1/organizations", body).await.assert_problem(400, "invalid", Some("kind"));
        assert_eq!(
            told,
            format!("kind: unknown kind {kind:?}, expected organization, division, department, unit or team")
        );
    }
    assert_eq!(tree(&alice).await.len(), 5);
}

#[tokio::test]
async fn the_tree_is_eight_levels_deep_and_no_deeper() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let mut parent = make(&alice, "organization", "Level 2", None).await;
    for level in 3..=7 {
        parent = make(&alice, "division", &format!("Level {level}"), Some(&parent)).await;
    }
    let body = |parent: &str| json!({ "kind": "team", "name": "Deep", "parent": parent });
    let deepest = alice.post("/v1/organizations", body(&parent)).await.ok();
    assert_eq!(deepest["level"], 8);
    let eighth = make(&alice, "division", "Level 8", Some(&parent)).await;
    let detail = alice.post("/v1/organizations", body(&eighth)).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "the tree would be 9 levels deep, counting the enterprise; it can have 8");
}

#[tokio::test]
async fn bad_bodies_are_refused_with_their_place() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let new = |name: Value, more: Value| {
        let mut body = json!({ "kind": "organization", "name": name });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let none = json!({});
    let long = "n".repeat(201);
    let large = json!({ "settings": { "text": "x".repeat(17_000) } });
    for (body, field) in [
        (new(json!(""), none.clone()), Some("name")),
        (new(json!("   "), none.clone()), Some("name")),
        (new(json!(long), none.clone()), Some("name")),
        (new(json!("two\nlines"), none.clone()), Some("name")),
        (new(json!(7), none.clone()), Some("name")),
        (new(json!("Energy"), json!({ "kind": "tribe" })), Some("kind")),
        (new(json!("Energy"), json!({ "parnet": null })), Some("parnet")),
        (new(json!("Energy"), json!({ "parent": "mem_0" })), Some("parent")),
        (new(json!("Energy"), json!({ "settings": [] })), Some("settings")),
        (new(json!("Energy"), large), Some("settings")),
        (json!({ "name": "Energy" }), Some("kind")),
        (json!([]), None),
    ] {
        alice.post("/v1/organizations", body).await.assert_problem(400, "invalid", field);
    }
    assert!(tree(&alice).await.is_empty());
}

#[tokio::test]
async fn nodes_of_others_are_not_found() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let own = make(&bob, "organization", "Harbour", None).await;
    let path = format!("/v1/organizations/{energy}");
    bob.get(&path).await.assert_problem(404, "not-found", None);
    bob.patch(&path, json!({ "name": "Mine" })).await.assert_problem(404, "not-found", None);
    bob.delete(&path).await.assert_problem(404, "not-found", None);
    bob.post(&format!("{path}/move"), json!({ "parent": null })).await.assert_problem(404, "not-found", None);
    bob.get(&format!("/v1/organizations?parent={energy}")).await.assert_problem(404, "not-found", None);
    let below = json!({ "kind": "team", "name": "Spies", "parent": energy });
    bob.post("/v1/organizations", below).await.assert_problem(404, "not-found", None);
    let into = json!({ "parent": energy });
    bob.post(&format!("/v1/organizations/{own}/move"), into).await.assert_problem(404, "not-found", None);
    bob.get("/v1/organizations/org_nonsense").await.assert_problem(404, "not-found", None);
    assert_eq!(tree(&alice).await[0]["name"], "Energy");
}

#[tokio::test]
async fn people_see_their_nodes_what_is_above_and_what_is_below() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let lines = make(&alice, "team", "Lines", Some(&grid)).await;
    let sales = make(&alice, "division", "Sales", Some(&energy)).await;
    let mia = alice.stranger("mia").await;
    assert!(tree(&mia).await.is_empty());
    add_member(&alice, &grid, &mia, "member").await;
    let seen = tree(&mia).await;
    let seen: Vec<_> = seen.iter().map(|node| (text(&node["id"]), node["role"].clone())).collect();
    let member = json!("member");
    assert_eq!(seen, [(energy, Value::Null), (grid, member.clone()), (lines, member)]);
    mia.get(&format!("/v1/organizations/{sales}")).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn lists_come_in_parts_and_by_parent_and_kind() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    for number in 0..5 {
        make(&alice, "division", &format!("Division {number}"), Some(&energy)).await;
    }
    let team = make(&alice, "team", "Board", Some(&energy)).await;
    let (mut names, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/organizations?parent={energy}&limit=2{next}");
        let part = alice.get(&path).await.ok();
        names.extend(column(&part, "name"));
        match part["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(names, ["Division 0", "Division 1", "Division 2", "Division 3", "Division 4", "Board"]);
    let top = alice.get("/v1/organizations?parent=enterprise").await.ok();
    assert_eq!(column(&top, "id"), [energy]);
    assert_eq!(column(&alice.get("/v1/organizations?kind=team").await.ok(), "id"), [team]);

    let other = alice.get(&format!("/v1/organizations?limit=2{next}")).await;
    other.assert_problem(400, "invalid", Some("cursor"));
    alice.get("/v1/organizations?cursor=abc").await.assert_problem(400, "invalid", Some("cursor"));
    alice.get("/v1/organizations?limit=0").await.assert_problem(400, "invalid", Some("limit"));
    alice.get("/v1/organizations?limit=1001").await.assert_problem(400, "invalid", Some("limit"));
    alice.get("/v1/organizations?kinds=team").await.assert_problem(400, "invalid", Some("kinds"));
}

#[tokio::test]
async fn a_node_is_renamed_and_reconfigured_by_its_administrators() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let (adam, mia) = (alice.stranger("adam").await, alice.stranger("mia").await);
    add_member(&alice, &energy, &adam, "admin").await;
    add_member(&alice, &energy, &mia, "member").await;
    let path = format!("/v1/organizations/{energy}");
    alice.app().advance(chrono::TimeDelta::hours(1));
    let changed = adam.patch(&path, json!({ "name": "Power", "settings": { "a": 1 } })).await.ok();
    assert_eq!((&changed["name"], &changed["settings"]), (&json!("Power"), &json!({ "a": 1 })));
    assert_eq!(changed["updated_at"], "2026-03-02T10:00:00Z");
    let kept = adam.patch(&path, json!({ "settings": { "b": 2 } })).await.ok();
    assert_eq!((&kept["name"], &kept["settings"]), (&json!("Power"), &json!({ "b": 2 })));
    let detail = mia.patch(&path, json!({ "name": "Mine" })).await.assert_problem(403, "forbidden", None);
    assert_eq!(
        detail,
        format!("this needs the role admin on Power (organization:{energy}), you have the role member there")
    );
    adam.patch(&path, json!({})).await.assert_problem(400, "invalid", None);
    adam.patch(&path, json!({ "kind": "team" })).await.assert_problem(400, "invalid", Some("kind"));
    let key = adam.with_narrow_api_key(&[ApiKeyVerb::TenancyRead]).await;
    key.patch(&path, json!({ "name": "Keyed" })).await.assert_problem(403, "forbidden", None);
    assert_eq!(key.get(&path).await.ok()["name"], "Power");
}

#[tokio::test]
async fn an_empty_node_is_deleted_with_its_memberships_and_invitations() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let mia = alice.stranger("mia").await;
    add_member(&alice, &grid, &mia, "member").await;
    let invitation = json!({ "email": "ida@example.org", "role": "viewer" });
    alice.post(&format!("/v1/organizations/{grid}/invitations"), invitation).await.ok();

    let detail =
        alice.delete(&format!("/v1/organizations/{energy}")).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "this organization is not empty: 1 node below it");
    alice.delete(&format!("/v1/organizations/{grid}")).await.assert_status(204);
    alice.get(&format!("/v1/organizations/{grid}")).await.assert_problem(404, "not-found", None);
    alice.delete(&format!("/v1/organizations/{grid}")).await.assert_problem(404, "not-found", None);
    assert!(tree(&mia).await.is_empty());
    let client = app.database().superuser().await;
    let row = client.query_one("SELECT count(*) FROM invitations", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    let audited = "SELECT details FROM audit_log WHERE action = 'organization.delete' AND target = $1";
    let details: Value = client.query_one(audited, &[&grid]).await.unwrap().get(0);
    assert_eq!(details, json!({ "kind": "division", "name": "Grid", "members": 1, "invitations": 1 }));
}

#[tokio::test]
async fn nobody_deletes_a_node_under_somebody_of_higher_role() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let (adam, mia) = (alice.stranger("adam").await, alice.stranger("mia").await);
    add_member(&alice, &energy, &adam, "admin").await;
    add_member(&alice, &grid, &mia, "owner").await;
    adam.delete(&format!("/v1/organizations/{grid}")).await.assert_problem(403, "forbidden", None);
    mia.delete(&format!("/v1/organizations/{grid}")).await.assert_status(204);
}

#[tokio::test]
async fn a_node_made_by_the_harness_is_seen_by_the_routes() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let vera = alice.colleague("vera", &energy, Role::Viewer).await;
    let seen = vera.get(&format!("/v1/organizations/{}", energy.id)).await.ok();
    assert_eq!((&seen["name"], &seen["role"]), (&json!("Energy"), &json!("viewer")));
}

#[tokio::test]
async fn nodes_side_by_side_have_names_that_can_be_told_apart() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let (energy, other) = (
        make(&alice, "organization", "Energy", None).await,
        make(&alice, "organization", "Other", None).await,
    );
    let alpha = make(&alice, "team", "Alpha", Some(&energy)).await;
    let beside = make(&alice, "team", "Alpha", Some(&other)).await;
    let taken = "another team here is named \"Alpha\": choose another name, or rename that one";
    let new = async |name: &str| {
        alice.post("/v1/organizations", json!({ "kind": "division", "name": name, "parent": energy })).await
    };
    for name in ["Alpha", "ALPHA", "Al\u{200d}pha"] {
        assert_eq!(new(name).await.assert_problem(409, "conflict", None), taken, "{name:?}");
    }
    for hidden in ["Al\u{202e}pha", "Al\u{200b}pha"] {
        new(hidden).await.assert_problem(400, "invalid", Some("name"));
    }
    let beta = make(&alice, "team", "Beta", Some(&energy)).await;
    let rename = async |node: &str, name: &str| {
        alice.patch(&format!("/v1/organizations/{node}"), json!({ "name": name })).await
    };
    assert_eq!(rename(&beta, "alpha").await.assert_problem(409, "conflict", None), taken);
    rename(&alpha, "ALPHA").await.ok();
    rename(&alpha, "Alpha").await.ok();
    let relocate = json!({ "parent": energy });
    let refused = alice.post(&format!("/v1/organizations/{beside}/move"), relocate).await;
    assert_eq!(refused.assert_problem(409, "conflict", None), taken);
    let dissolve = json!({ "heir": energy, "members": "leave" });
    let refused = alice.post(&format!("/v1/organizations/{other}/dissolve"), dissolve.clone()).await;
    assert_eq!(refused.assert_problem(409, "conflict", None), taken);
    rename(&beside, "Gamma").await.ok();
    alice.post(&format!("/v1/organizations/{other}/dissolve"), dissolve).await.ok();
}
