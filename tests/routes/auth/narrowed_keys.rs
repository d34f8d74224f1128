//! API keys that are limited to parts of the tree, and rotated keys.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use crate::harness::{Actor, Client as _, Node, TestApp};

const ALL: [&str; 4] = ["memories:read", "memories:write", "tenancy:read", "tenancy:write"];

/// The same person, with a key that is narrowed to these scopes; and its id.
async fn narrowed(owner: &Actor, within: &[String]) -> (Actor, String) {
    let body = json!({ "name": "narrow", "scopes": ALL, "within": within });
    let key = owner.post("/v1/api-keys", body).await.ok();
    (owner.with_key(&key), key["id"].as_str().unwrap().to_owned())
}

async fn scopes(actor: &Actor) -> Vec<String> {
    let listed = actor.get("/v1/scopes").await.ok();
    let rows = listed["results"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap_or(row["scope"].as_str().unwrap()).to_owned()).collect()
}

async fn remember(actor: &Actor, text: &str, scope: &str) -> String {
    let body = json!({ "messages": text, "infer": false, "scope": scope });
    let added = actor.post("/v3/memories/add/", body).await.ok();
    added["results"][0]["id"].as_str().unwrap().to_owned()
}

async fn found(actor: &Actor, query: &str) -> usize {
    let body = json!({ "query": query, "scope": "all" });
    actor.post("/v3/memories/search/", body).await.ok()["results"].as_array().unwrap().len()
}

/// An owner, and a tree below them.
async fn company() -> (TestApp, Actor, [Node; 4]) {
    let (app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let grid = alice.node_in(&energy, ScopeKind::Division, "Grid").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let solar = alice.node_in(&energy, ScopeKind::Division, "Solar").await;
    (app, alice, [energy, grid, lines, solar])
}

#[tokio::test]
async fn a_key_sees_and_reaches_the_subtrees_it_is_narrowed_to() {
    let (_app, alice, [energy, grid, lines, solar]) = company().await;
    let above = remember(&alice, "the turbine hums", &energy.label()).await;
    let inside = remember(&alice, "the turbine sings", &lines.label()).await;
    let beside = remember(&alice, "the turbine glows", &solar.label()).await;
    let own = remember(&alice, "my turbine naps", "personal").await;
    let (key, _) = narrowed(&alice, &[grid.label()]).await;
    assert_eq!(scopes(&key).await, ["Grid", "Lines"]);
    assert_eq!((found(&alice, "turbine").await, found(&key, "turbine").await), (4, 1));
    key.get(&format!("/v1/memories/{inside}/")).await.ok();
    for memory in [&above, &beside, &own] {
        key.get(&format!("/v1/memories/{memory}/")).await.assert_problem(404, "not-found", None);
        key.delete(&format!("/v1/memories/{memory}/")).await.assert_problem(404, "not-found", None);
    }
    for (scope, status, kind) in [
        ("personal", 403, "forbidden"),
        ("enterprise", 404, "not-found"),
        ("public", 404, "not-found"),
        (&energy.label(), 404, "not-found"),
    ] {
        let body = json!({ "messages": "no", "infer": false, "scope": scope });
        key.post("/v3/memories/add/", body).await.assert_problem(status, kind, None);
    }
    // The owner's role reaches in, and not out again.
    key.patch(&format!("/v1/organizations/{}", lines.id), json!({ "name": "Cables" })).await.ok();
    let out = key.post(&format!("/v1/organizations/{}/move", grid.id), json!({ "parent": lines.id })).await;
    out.assert_problem(403, "forbidden", None);
    let out = key.post(&format!("/v1/organizations/{}/move", lines.id), json!({ "parent": solar.id })).await;
    out.assert_problem(404, "not-found", None);
    key.get("/v1/users").await.assert_problem(404, "not-found", None);
    key.patch("/v1/enterprise", json!({ "name": "Mine" })).await.assert_problem(404, "not-found", None);
    let (personal, _) = narrowed(&alice, &["personal".to_owned()]).await;
    assert_eq!(
        (scopes(&personal).await, found(&personal, "turbine").await),
        (vec!["personal".to_owned()], 1)
    );
}

#[tokio::test]
async fn a_key_follows_its_owners_roles_at_once() {
    let (_app, alice, [energy, grid, lines, solar]) = company().await;
    let mia = alice.colleague("mia", &grid, Role::Member).await;
    let (key, _) = narrowed(&mia, &[lines.label()]).await;
    assert_eq!(scopes(&key).await, ["Lines"]);
    let membership = format!("/v1/organizations/{}/members/{}", grid.id, mia.user);
    alice.put(&membership, json!({ "role": "viewer" })).await.ok();
    let add = json!({ "messages": "no", "infer": false, "scope": lines.label() });
    key.post("/v3/memories/add/", add.clone()).await.assert_problem(403, "forbidden", None);
    alice.put(&membership, json!({ "role": "admin" })).await.ok();
    key.post("/v3/memories/add/", add).await.ok();
    // A node that is moved away goes out of its owner's reach, and so out of the key's; what the key is not for stays out.
    alice.post(&format!("/v1/organizations/{}/move", lines.id), json!({ "parent": solar.id })).await.ok();
    assert_eq!(scopes(&key).await, [""; 0]);
    alice
        .post(
            &format!("/v1/organizations/{}/members", energy.id),
            json!({ "user_id": mia.user, "role": "owner" }),
        )
        .await
        .ok();
    assert_eq!(scopes(&key).await, ["Lines"]);
    let listed = mia.get("/v1/api-keys").await.ok();
    assert_eq!(listed["results"][0]["within"], json!([lines.label()]));
}

#[tokio::test]
async fn bad_narrowings_are_refused() {
    let (app, alice, [_, grid, ..]) = company().await;
    let bob = app.owner("carol").await;
    let harbour = bob.node(ScopeKind::Organization, "Harbour").await;
    let new = |within: Value| json!({ "name": "narrow", "scopes": ALL, "within": within });
    for (within, field) in [
        (json!([]), Some("within")),
        (json!(vec!["personal"; 51]), Some("within")),
        (json!(["team"]), Some("within[0]")),
        (json!(["personal", "kitchen:org_1"]), Some("within[1]")),
        (json!("personal"), Some("within")),
    ] {
        alice.post("/v1/api-keys", new(within)).await.assert_problem(400, "invalid", field);
    }
    let foreign = alice.post("/v1/api-keys", new(json!([harbour.label()]))).await;
    foreign.assert_problem(404, "not-found", None);
    let (key, _) = narrowed(&alice, &[grid.label(), grid.label()]).await;
    assert_eq!(scopes(&key).await, ["Grid", "Lines"]);
}

#[tokio::test]
async fn a_rotated_key_and_its_successor_are_good_beside_each_other_for_a_while() {
    let (app, alice, [_, grid, ..]) = company().await;
    let (old, id) = narrowed(&alice, &[grid.label()]).await;
    let rotated = alice.post(&format!("/v1/api-keys/{id}/rotate"), json!({ "overlap_hours": 2 })).await;
    rotated.assert_status(201);
    assert_eq!(rotated.header("cache-control"), Some("no-store"));
    let rotated = rotated.json();
    assert_eq!(rotated["rotated_from"], json!(id));
    assert_eq!(rotated["within"], json!([grid.label()]));
    let new = alice.with_key(&rotated);
    assert_eq!((scopes(&old).await, scopes(&new).await), (scopes(&new).await, scopes(&old).await));
    let again = alice.post(&format!("/v1/api-keys/{id}/rotate"), json!({})).await;
    let again = again.assert_problem(409, "conflict", None);
    assert_eq!(
        again,
        format!("this key was rotated already, its successor is {}", rotated["id"].as_str().unwrap())
    );
    app.advance(TimeDelta::hours(3));
    old.get("/v1/scopes").await.assert_problem(401, "unauthenticated", None);
    new.get("/v1/scopes").await.ok();
    let ended = alice.post(&format!("/v1/api-keys/{id}/rotate"), json!({})).await;
    assert_eq!(ended.assert_problem(409, "conflict", None), "this key has expired, make a new one");
}

#[tokio::test]
async fn a_successor_lasts_as_long_as_its_predecessor_was_meant_to() {
    let (app, alice, _) = company().await;
    let body = json!({ "name": "short", "scopes": ["memories:read"], "expires_in_days": 10 });
    let key = alice.post("/v1/api-keys", body).await.ok();
    app.advance(TimeDelta::days(9) + TimeDelta::hours(12));
    let path = format!("/v1/api-keys/{}/rotate", key["id"].as_str().unwrap());
    for (body, field) in [
        (json!({ "overlap_hours": 721 }), "overlap_hours"),
        (json!({ "overlap_hours": -1 }), "overlap_hours"),
        (json!({ "overlap": 1 }), "overlap"),
    ] {
        alice.post(&path, body).await.assert_problem(400, "invalid", Some(field));
    }
    let said = alice.post(&path, json!({ "overlap_hours": 721 })).await;
    let said = said.assert_problem(400, "invalid", Some("overlap_hours"));
    assert_eq!(said, "overlap_hours: must be from 0 to 720, found 721");
    let new = alice.post(&path, json!({ "overlap_hours": 720 })).await.ok();
    assert_eq!(new["expires_at"], "2026-03-21T21:00:00Z");
    // The overlap does not lengthen the old one's life.
    let listed = alice.get("/v1/api-keys").await.ok();
    assert_eq!(listed["results"][1]["expires_at"], "2026-03-12T09:00:00Z");
    alice
        .post(&format!("/v1/api-keys/{}/rotate", new["id"].as_str().unwrap()), json!({ "overlap_hours": 0 }))
        .await
        .ok();
    let replaced = alice.with_key(&new);
    replaced.get("/v1/scopes").await.assert_problem(401, "unauthenticated", None);
}

#[tokio::test]
async fn a_key_neither_sees_nor_makes_what_is_above_its_ceiling() {
    let (_app, alice, [_, grid, ..]) = company().await;
    for class in ["public", "internal", "confidential"] {
        let text = format!("the {class} turbine");
        let body =
            json!({ "messages": text, "infer": false, "scope": grid.label(), "classification": class });
        alice.post("/v3/memories/add/", body).await.ok();
    }
    let body = json!({ "name": "low", "scopes": ALL, "ceiling": "internal" });
    let made = alice.post("/v1/api-keys", body).await.ok();
    assert_eq!(made["ceiling"], "internal");
    let key = alice.with_key(&made);
    assert_eq!((found(&alice, "turbine").await, found(&key, "turbine").await), (3, 2));
    let high =
        json!({ "messages": "no", "infer": false, "scope": grid.label(), "classification": "restricted" });
    key.post("/v3/memories/add/", high).await.assert_problem(403, "forbidden", None);
    let path = format!("/v1/api-keys/{}/rotate", made["id"].as_str().unwrap());
    let rotated = alice.post(&path, json!({})).await.ok();
    assert_eq!(rotated["ceiling"], "internal");
    assert_eq!(found(&alice.with_key(&rotated), "turbine").await, 2);
    let body = json!({ "name": "odd", "scopes": ALL, "ceiling": "secret" });
    alice.post("/v1/api-keys", body).await.assert_problem(400, "invalid", Some("ceiling"));
}

#[tokio::test]
async fn a_narrowed_key_shares_with_what_it_reaches() {
    let (_app, alice, [energy, grid, lines, solar]) = company().await;
    let mia = alice.colleague("mia", &lines, Role::Member).await;
    let dan = alice.colleague("dan", &solar, Role::Member).await;
    let (key, id) = narrowed(&alice, &[grid.label(), "personal".to_owned()]).await;
    let memory = remember(&key, "the turbine is loud", &grid.label()).await;
    let shares = format!("/v1/memories/{memory}/shares/");
    let dans = format!("person:{}", dan.user);
    for with in ["enterprise", "public", &energy.label(), &solar.label(), &dans] {
        let refused = key.post(&shares, json!({ "with": with })).await.assert_problem(403, "forbidden", None);
        assert!(refused.starts_with(&format!("this key is narrowed, and {with} is beyond it")), "{refused}");
    }
    for with in [lines.label(), format!("person:{}", mia.user)] {
        key.post(&shares, json!({ "with": with })).await.assert_status(201);
    }
    let question = json!({
        "api_key_id": id, "action": "share_own_memory", "memory_id": memory, "share": { "with": "enterprise" },
    });
    let told = alice.post("/v1/access/check", question).await.ok();
    assert_eq!((&told["allowed"], &told["stopped_by"]), (&json!(false), &json!(["within"])), "{told}");
    // A link opens it for anybody.
    key.put(&format!("/v1/memories/{memory}/"), json!({ "classification": "public" })).await.ok();
    let links = format!("/v1/memories/{memory}/links/");
    key.post(&links, json!({})).await.assert_problem(403, "forbidden", None);
    alice.post(&links, json!({})).await.assert_status(201);
    alice.post(&shares, json!({ "with": dans })).await.assert_status(201);
}

/// They would read there what the key must not show.
#[tokio::test]
async fn a_key_with_a_ceiling_lets_nobody_in() {
    let (_app, alice, [_, grid, ..]) = company().await;
    let mia = alice.stranger("mia").await;
    let made = json!({ "name": "low", "scopes": ALL, "ceiling": "internal" });
    let key = alice.with_key(&alice.post("/v1/api-keys", made).await.ok());
    let node = format!("/v1/organizations/{}", grid.id);
    let new = json!({ "name": "Night shift" });
    let group = alice.post(&format!("{node}/groups"), new).await.ok()["id"].as_str().unwrap().to_owned();
    let member = json!({ "user_id": mia.user, "role": "viewer" });
    let invited = json!({ "email": "kim@grid.example", "role": "viewer" });
    let refused =
        key.post(&format!("{node}/members"), member.clone()).await.assert_problem(403, "forbidden", None);
    assert_eq!(
        refused,
        "this credential reaches internal memories at most, and cannot let others read more: it gives no roles"
    );
    key.post(&format!("{node}/invitations"), invited).await.assert_problem(403, "forbidden", None);
    let role = format!("{node}/group-roles/{group}");
    key.put(&role, json!({ "role": "viewer" })).await.assert_problem(403, "forbidden", None);
    let joined = json!({ "user_id": mia.user });
    let members = format!("/v1/groups/{group}/members");
    key.post(&members, joined).await.assert_problem(403, "forbidden", None);
    alice.post(&format!("{node}/members"), member).await.assert_status(201);
}

/// Nor do others come to read it by moving it to them.
#[tokio::test]
async fn a_key_with_a_ceiling_takes_nothing_to_others() {
    let (_app, alice, [acme, grid, ..]) = company().await;
    let elsewhere = alice.node_in(&acme, ScopeKind::Division, "Elsewhere").await;
    let night = alice.node_in(&grid, ScopeKind::Team, "Night").await;
    let mia = alice.colleague("mia", &night, Role::Member).await;
    let leaver = alice.colleague("leaver", &night, Role::Member).await;
    alice.post(&format!("/v1/users/{}/deactivate", leaver.user), json!({})).await.ok();
    let made = json!({ "name": "low", "scopes": ALL, "ceiling": "internal" });
    let key = alice.with_key(&alice.post("/v1/api-keys", made).await.ok());
    let node = format!("/v1/organizations/{}", night.id);
    let expected = |refrains: &str| {
        format!(
            "this credential reaches internal memories at most, and cannot let others read more: it {refrains}"
        )
    };
    let to = json!({ "parent": elsewhere.id });
    let refused = key.post(&format!("{node}/move"), to.clone()).await.assert_problem(403, "forbidden", None);
    assert_eq!(refused, expected("moves no nodes"));
    let question = json!({
        "user_id": alice.user, "action": "move_node", "scope": night.label(), "ceiling": "internal",
    });
    let told = alice.post("/v1/access/check", question).await.ok();
    assert_eq!(told["allowed"], json!(false), "{told}");
    let wish = json!({ "heir": elsewhere.id, "members": "leave" });
    let refused = key.post(&format!("{node}/dissolve"), wish.clone()).await;
    assert_eq!(refused.assert_problem(403, "forbidden", None), expected("dissolves no nodes"));
    let leave = format!("/v1/users/{}/reassign-memories", leaver.user);
    let heir = json!({ "user_id": mia.user });
    let refused = key.post(&leave, heir.clone()).await.assert_problem(403, "forbidden", None);
    assert_eq!(refused, expected("hands over no memories"));
    alice.post(&leave, heir).await.ok();
    alice.post(&format!("{node}/move"), to).await.ok();
    alice.post(&format!("{node}/dissolve"), wish).await.ok();
}
