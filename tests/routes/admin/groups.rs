//! `…/groups`, `…/group-roles`: sets of people who get roles together.

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role, ScopeKind};
use shared::ids::{GroupId, UserId};

use super::{column, text};
use crate::harness::{Actor, Client as _, Node, TestApp};

fn at(node: &Node, rest: &str) -> String {
    format!("/v1/organizations/{}/{rest}", node.id)
}

/// A new group kept at a node.
async fn group(actor: &Actor, node: &Node, name: &str) -> String {
    text(&actor.post(&at(node, "groups"), json!({ "name": name })).await.ok()["id"])
}

async fn join(actor: &Actor, group: &str, other: &Actor) -> Value {
    actor.post(&format!("/v1/groups/{group}/members"), json!({ "user_id": other.user })).await.ok()
}

async fn grant(actor: &Actor, node: &Node, group: &str, role: &str) -> Value {
    actor.put(&at(node, &format!("group-roles/{group}")), json!({ "role": role })).await.ok()
}

#[tokio::test]
async fn a_role_of_a_group_is_everyones_in_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let grid = alice.node_in(&energy, ScopeKind::Division, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let mia = alice.stranger("mia").await;
    let shift = group(&alice, &energy, "Night shift").await;
    join(&alice, &shift, &mia).await;
    mia.get(&at(&lines, "members")).await.assert_problem(404, "not-found", None);
    grant(&alice, &grid, &shift, "admin").await;
    mia.patch(&format!("/v1/organizations/{}", lines.id), json!({ "name": "Cables" })).await.ok();
    let add = json!({ "messages": "the pylon sings", "infer": false, "scope": lines.label() });
    mia.post("/v3/memories/add/", add).await.ok();
    let members = mia.get(&at(&grid, "members")).await;
    insta::assert_json_snapshot!(members.snapshot()["results"][1]["inherited"], @r#"
    {
      "from": {
        "id": "[org#1]",
        "kind": "division",
        "name": "Grid",
        "scope": "division:[org#1]"
      },
      "group": {
        "id": "[grp#1]",
        "name": "Night shift"
      },
      "role": "admin"
    }
    "#);
    let me = alice.get(&format!("/v1/groups/{shift}")).await;
    insta::assert_json_snapshot!(me.snapshot(), @r#"
    {
      "at": {
        "id": "[org#1]",
        "kind": "organization",
        "name": "Energy",
        "scope": "organization:[org#1]"
      },
      "created_at": "2026-03-02T09:00:00Z",
      "external_id": null,
      "id": "[grp#1]",
      "managed_by": "manual",
      "members": 1,
      "name": "Night shift",
      "roles": [
        {
          "id": "[org#2]",
          "kind": "division",
          "name": "Grid",
          "role": "admin",
          "scope": "division:[org#2]"
        }
      ],
      "updated_at": "2026-03-02T09:00:00Z"
    }
    "#);
    let out = format!("/v1/groups/{shift}/members/{}", mia.user);
    alice.delete(&out).await.assert_status(204);
    alice.delete(&out).await.assert_problem(404, "not-found", None);
    mia.get(&at(&lines, "members")).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn whoever_fills_a_group_needs_every_role_that_it_gives() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let solar = alice.node(ScopeKind::Organization, "Solar").await;
    let adam = alice.colleague("adam", &energy, Role::Admin).await;
    let mia = alice.stranger("mia").await;
    let shift = group(&adam, &energy, "Night shift").await;
    join(&adam, &shift, &mia).await;
    // Somebody who may gives it a role where adam has none.
    grant(&alice, &solar, &shift, "member").await;
    let members = format!("/v1/groups/{shift}/members");
    let refused = adam.post(&members, json!({ "user_id": adam.user })).await;
    assert_eq!(
        refused.assert_problem(403, "forbidden", None),
        "this group holds a role somewhere that is above yours there"
    );
    adam.delete(&format!("{members}/{}", mia.user)).await.assert_problem(403, "forbidden", None);
    adam.delete(&format!("/v1/groups/{shift}")).await.assert_problem(403, "forbidden", None);
    // Its name is adam's affair, and what it holds at solar is not shown to him.
    adam.patch(&format!("/v1/groups/{shift}"), json!({ "name": "Day shift" })).await.ok();
    assert_eq!(adam.get(&format!("/v1/groups/{shift}")).await.ok()["roles"], json!([]));
    // Anyone may leave.
    mia.delete(&format!("{members}/{}", mia.user)).await.assert_status(204);
    alice.delete(&format!("/v1/groups/{shift}")).await.assert_status(204);
}

#[tokio::test]
async fn roles_of_groups_are_granted_up_to_ones_own_and_never_own_the_enterprise() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let adam = alice.colleague("adam", &energy, Role::Admin).await;
    let shift = group(&alice, &energy, "Night shift").await;
    let role = |role: &str| json!({ "role": role });
    let path = at(&energy, &format!("group-roles/{shift}"));
    adam.put(&path, role("owner")).await.assert_problem(403, "forbidden", None);
    let granted = adam.put(&path, role("viewer")).await.ok();
    assert_eq!((&granted["name"], &granted["role"]), (&json!("Night shift"), &json!("viewer")));
    alice.put(&path, role("owner")).await.ok();
    adam.put(&path, role("viewer")).await.assert_problem(403, "forbidden", None);
    adam.delete(&path).await.assert_problem(403, "forbidden", None);
    assert_eq!(column(&alice.get(&at(&energy, "group-roles")).await.ok(), "role"), ["owner"]);
    let enterprise = format!("/v1/enterprise/group-roles/{shift}");
    alice.put(&enterprise, role("admin")).await.ok();
    let refused = alice.put(&enterprise, role("owner")).await.assert_problem(409, "conflict", None);
    assert_eq!(refused, "a group cannot own the enterprise: make its members owners one by one");
    bob.put(&format!("/v1/enterprise/group-roles/{shift}"), role("viewer")).await.assert_problem(
        404,
        "not-found",
        None,
    );
    alice.delete(&enterprise).await.assert_status(204);
    alice.delete(&enterprise).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn groups_are_listed_where_they_are_kept_and_named_once() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    for number in 0..3 {
        group(&alice, &energy, &format!("Group {number}")).await;
    }
    alice.post("/v1/enterprise/groups", json!({ "name": "Group 0" })).await.ok();
    let taken = alice.post(&at(&energy, "groups"), json!({ "name": "group 1" })).await;
    taken.assert_problem(409, "conflict", None);
    let first = alice.get(&at(&energy, "groups?limit=2")).await.ok();
    assert_eq!(column(&first, "name"), ["Group 0", "Group 1"]);
    let next = first["next"].as_str().unwrap();
    let rest = alice.get(&at(&energy, &format!("groups?limit=2&cursor={next}"))).await.ok();
    assert_eq!((column(&rest, "name"), &rest["next"]), (vec!["Group 2".to_owned()], &Value::Null));
    let path = format!("/v1/groups/{}", column(&rest, "id")[0]);
    alice.patch(&path, json!({ "name": "GROUP 1" })).await.assert_problem(409, "conflict", None);
    // Its own name in other letters is not taken.
    assert_eq!(alice.patch(&path, json!({ "name": "GROUP 2" })).await.ok()["name"], "GROUP 2");
    let refused = alice.delete(&format!("/v1/organizations/{}", energy.id)).await;
    let refused = refused.assert_problem(409, "conflict", None);
    assert_eq!(refused, "this organization is not empty: 3 groups that are kept here");
}

#[tokio::test]
async fn bad_groups_are_refused() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let mia = alice.colleague("mia", &energy, Role::Member).await;
    let shift = group(&alice, &energy, "Night shift").await;
    let members = format!("/v1/groups/{shift}/members");
    for (body, field) in [
        (json!({ "name": "  " }), Some("name")),
        (json!({ "name": "x".repeat(201) }), Some("name")),
        (json!({ "name": "a", "managed_by": "scim" }), Some("managed_by")),
        (json!({}), Some("name")),
    ] {
        alice.post(&at(&energy, "groups"), body).await.assert_problem(400, "invalid", field);
    }
    mia.post(&at(&energy, "groups"), json!({ "name": "Mine" })).await.assert_problem(403, "forbidden", None);
    for stranger in [bob.user, UserId::generate()] {
        let body = json!({ "user_id": stranger });
        alice.post(&members, body).await.assert_problem(404, "not-found", None);
    }
    join(&alice, &shift, &mia).await;
    let twice = alice.post(&members, json!({ "user_id": mia.user })).await;
    assert_eq!(twice.assert_problem(409, "conflict", None), "already a member of this group");
    let unknown = format!("/v1/groups/{}", GroupId::generate());
    alice.get(&unknown).await.assert_problem(404, "not-found", None);
    bob.get(&format!("/v1/groups/{shift}")).await.assert_problem(404, "not-found", None);
    let key = alice.with_narrow_api_key(&[ApiKeyVerb::TenancyRead]).await;
    key.get(&members).await.ok();
    key.post(&members, json!({ "user_id": alice.user })).await.assert_problem(403, "forbidden", None);
    // A directory's group is the directory's.
    let client = app.database().superuser().await;
    client.execute("UPDATE groups SET managed_by = 'scim', external_id = 'idp-7'", &[]).await.unwrap();
    let refused = alice.post(&members, json!({ "user_id": alice.user })).await;
    assert_eq!(
        refused.assert_problem(409, "conflict", None),
        "this group is managed by scim, change it in the directory that it comes from"
    );
    mia.delete(&format!("{members}/{}", mia.user)).await.assert_problem(409, "conflict", None);
    assert_eq!(alice.get(&format!("/v1/groups/{shift}")).await.ok()["external_id"], "idp-7");
}
