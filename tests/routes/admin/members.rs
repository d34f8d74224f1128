//! `…/members`: who belongs to the enterprise or a node.

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role};
use shared::ids::UserId;

use super::{add_member, column, make};
use crate::harness::{Actor, Client as _, TestApp};

fn members(node: &str) -> String {
    format!("/v1/organizations/{node}/members")
}

fn member(node: &str, other: &Actor) -> String {
    format!("/v1/organizations/{node}/members/{}", other.user)
}

#[tokio::test]
async fn a_list_shows_what_is_direct_and_what_is_inherited() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let (adam, mia) = (alice.stranger("adam").await, alice.stranger("mia").await);
    add_member(&alice, &energy, &adam, "admin").await;
    add_member(&alice, &grid, &adam, "viewer").await;
    add_member(&alice, &grid, &mia, "member").await;
    let list = mia.get(&members(&grid)).await;
    let mut row = list.snapshot()["results"][1].clone();
    assert_eq!(row.as_object_mut().unwrap().remove("email"), Some(json!(adam.email)));
    insta::assert_json_snapshot!(row, @r#"
    {
      "direct_role": "viewer",
      "inherited": {
        "from": {
          "id": "[org#1]",
          "kind": "organization",
          "name": "Energy",
          "scope": "organization:[org#1]"
        },
        "role": "admin"
      },
      "name": "adam",
      "role": "admin",
      "status": "active",
      "user_id": "[usr#2]"
    }
    "#);
    let list = list.ok();
    assert_eq!(column(&list, "name"), ["alice", "adam", "mia"]);
    assert_eq!(list["results"][0]["inherited"]["from"]["scope"], "enterprise");
    assert_eq!(list["results"][2]["inherited"], Value::Null);

    let first = alice.get(&format!("{}?limit=2", members(&grid))).await.ok();
    assert_eq!(column(&first, "name"), ["alice", "adam"]);
    let cursor = first["next"].as_str().unwrap();
    let rest = alice.get(&format!("{}?limit=2&cursor={cursor}", members(&grid))).await.ok();
    assert_eq!((column(&rest, "name"), &rest["next"]), (vec!["mia".to_owned()], &Value::Null));
}

#[tokio::test]
async fn whoever_sees_a_node_only_from_below_does_not_see_its_members() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let mia = alice.stranger("mia").await;
    add_member(&alice, &grid, &mia, "member").await;
    mia.get(&members(&energy)).await.assert_problem(403, "forbidden", None);
    mia.get("/v1/enterprise/members").await.assert_problem(403, "forbidden", None);
    bob.get(&members(&energy)).await.assert_problem(404, "not-found", None);
    assert_eq!(column(&bob.get("/v1/enterprise/members").await.ok(), "name"), ["bob"]);
}

#[tokio::test]
async fn members_are_added_changed_and_removed() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let mia = alice.stranger("mia").await;
    let added = alice.post(&members(&energy), json!({ "user_id": mia.user, "role": "viewer" })).await;
    assert_eq!(added.assert_status(201).json()["direct_role"], "viewer");
    let again = alice.post(&members(&energy), json!({ "user_id": mia.user, "role": "admin" })).await;
    assert_eq!(
        again.assert_problem(409, "conflict", None),
        format!("already viewer of Energy (organization:{energy})")
    );
    let changed = alice.put(&member(&energy, &mia), json!({ "role": "admin" })).await.ok();
    assert_eq!(changed["role"], "admin");
    make(&mia, "division", "Grid", Some(&energy)).await;
    alice.delete(&member(&energy, &mia)).await.assert_status(204);
    alice.delete(&member(&energy, &mia)).await.assert_problem(404, "not-found", None);
    alice.put(&member(&energy, &mia), json!({ "role": "admin" })).await.assert_problem(
        404,
        "not-found",
        None,
    );
    mia.get(&members(&energy)).await.assert_problem(404, "not-found", None);
    let actions = "SELECT array_agg(action || coalesce(' ' || (details->>'before'), '')
                                           || coalesce(' ' || (details->>'after'), '') ORDER BY id)
                     FROM audit_log WHERE target = $1";
    let row = app.database().superuser().await.query_one(actions, &[&mia.user.to_string()]).await.unwrap();
    let actions: Vec<String> = row.get(0);
    assert_eq!(actions, ["member.add viewer", "member.change viewer admin", "member.remove admin"]);
}

#[tokio::test]
async fn nobody_grants_or_touches_what_is_above_their_own_role() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let [adam, olga, mia] =
        [alice.stranger("adam").await, alice.stranger("olga").await, alice.stranger("mia").await];
    add_member(&alice, &energy, &adam, "admin").await;
    add_member(&alice, &grid, &olga, "owner").await;
    let grant = |role: &str| json!({ "user_id": mia.user, "role": role });
    let detail = adam.post(&members(&energy), grant("owner")).await.assert_problem(403, "forbidden", None);
    assert_eq!(
        detail,
        format!("you are admin of Energy (organization:{energy}), only owner and above can grant owner")
    );
    adam.post(&members(&energy), grant("admin")).await.ok();
    adam.put(&member(&energy, &mia), json!({ "role": "owner" })).await.assert_problem(403, "forbidden", None);
    adam.put(&member(&energy, &adam), json!({ "role": "owner" })).await.assert_problem(
        403,
        "forbidden",
        None,
    );
    adam.put(&member(&grid, &olga), json!({ "role": "viewer" })).await.assert_problem(403, "forbidden", None);
    adam.delete(&member(&grid, &olga)).await.assert_problem(403, "forbidden", None);
    // Alice's role comes from above, and still counts.
    let alice_too = json!({ "user_id": alice.user, "role": "viewer" });
    adam.post(&members(&energy), alice_too).await.assert_problem(403, "forbidden", None);
    adam.delete(&member(&energy, &mia)).await.assert_status(204);
    // A member manages nobody, whatever their role.
    alice.put(&member(&energy, &adam), json!({ "role": "member" })).await.ok();
    adam.post(&members(&energy), grant("viewer")).await.assert_problem(403, "forbidden", None);
}

#[tokio::test]
async fn anyone_may_leave() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let mia = alice.stranger("mia").await;
    add_member(&alice, &energy, &mia, "viewer").await;
    let key = mia.with_narrow_api_key(&[ApiKeyVerb::TenancyRead]).await;
    key.delete(&member(&energy, &mia)).await.assert_problem(403, "forbidden", None);
    mia.delete(&member(&energy, &mia)).await.assert_status(204);
    mia.delete(&member(&energy, &mia)).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let own = format!("/v1/enterprise/members/{}", alice.user);
    alice.delete(&own).await.assert_problem(409, "conflict", None);
    let detail = alice.put(&own, json!({ "role": "admin" })).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "an enterprise needs an active owner who is a person: make somebody else one first");
    let olga = alice.enterprise_colleague("olga", Role::Owner).await;
    assert_eq!(alice.put(&own, json!({ "role": "admin" })).await.ok()["role"], "admin");
    olga.delete(&format!("/v1/enterprise/members/{}", olga.user)).await.assert_problem(409, "conflict", None);
    alice.put(&own, json!({ "role": "owner" })).await.assert_problem(403, "forbidden", None);
    // A node below may be without an owner: those above own it too.
    let energy = make(&olga, "organization", "Energy", None).await;
    add_member(&olga, &energy, &alice, "owner").await;
    alice.delete(&member(&energy, &alice)).await.assert_status(204);
}

#[tokio::test]
async fn bad_members_are_refused() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let nobody = UserId::generate();
    for user in [bob.user, nobody] {
        let body = json!({ "user_id": user, "role": "viewer" });
        alice.post(&members(&energy), body).await.assert_problem(404, "not-found", None);
        let path = format!("{}/{user}", members(&energy));
        alice.put(&path, json!({ "role": "viewer" })).await.assert_problem(404, "not-found", None);
        alice.delete(&path).await.assert_problem(404, "not-found", None);
    }
    for (body, field) in [
        (json!({ "user_id": alice.user, "role": "king" }), Some("role")),
        (json!({ "user_id": energy, "role": "viewer" }), Some("user_id")),
        (json!({ "user_id": alice.user, "role": "viewer", "node": energy }), Some("node")),
        (json!({ "role": "viewer" }), None),
    ] {
        alice.post(&members(&energy), body).await.assert_problem(400, "invalid", field);
    }
    alice.delete(&format!("{}/xyz", members(&energy))).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_member_is_named_by_id_or_by_address() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let (adam, mia) = (alice.stranger("adam").await, alice.stranger("mia").await);
    add_member(&alice, &energy, &adam, "admin").await;
    let by = |email: &str| json!({ "email": email, "role": "member" });
    let path = members(&energy);
    let added = adam.post(&path, by(&mia.email.to_uppercase())).await.ok();
    assert_eq!((&added["user_id"], &added["role"]), (&json!(mia.user), &json!("member")));
    for nobody in [bob.email.as_str(), "nobody@northwind.example"] {
        let refused = adam.post(&path, by(nobody)).await.assert_problem(404, "not-found", None);
        assert_eq!(refused, "user not found");
    }
    // Whether an address has an account is told to those who may add people.
    mia.post(&path, by(&adam.email)).await.assert_problem(403, "forbidden", None);
    mia.post(&path, by("nobody@northwind.example")).await.assert_problem(403, "forbidden", None);
    for body in
        [json!({ "role": "member" }), json!({ "user_id": mia.user, "email": mia.email, "role": "member" })]
    {
        let detail = adam.post(&path, body).await.assert_problem(400, "invalid", None);
        assert_eq!(detail, "send either user_id or email");
    }
    let group =
        adam.post(&format!("/v1/organizations/{energy}/groups"), json!({ "name": "Shift" })).await.ok();
    let path = format!("/v1/groups/{}/members", group["id"].as_str().unwrap());
    assert_eq!(adam.post(&path, json!({ "email": mia.email })).await.ok()["user_id"], json!(mia.user));
    let context = adam.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let path = format!("/v1/contexts/{}/members/", context["id"].as_str().unwrap());
    assert_eq!(adam.post(&path, by(&mia.email)).await.ok()["user_id"], json!(mia.user));
}
