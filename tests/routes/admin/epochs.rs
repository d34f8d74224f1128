//! The cached scopes of a person never outlive a change of them.

use serde_json::json;
use shared::access::{Role, ScopeKind};

use crate::harness::{Actor, Client as _, TestApp};

/// The scopes that somebody sees, by name, with their roles.
async fn seen(actor: &Actor) -> Vec<String> {
    let me = actor.get("/v1/auth/me").await.ok();
    let scopes = me["scopes"].as_array().unwrap().iter();
    let mut lines: Vec<_> =
        scopes.map(|scope| format!("{} {}", scope["name"].as_str().unwrap_or("-"), scope["role"])).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn every_change_of_roles_and_of_the_tree_counts_at_once() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let grid = alice.node_in(&energy, ScopeKind::Division, "Grid").await;
    let solar = alice.node_in(&energy, ScopeKind::Division, "Solar").await;
    let lines = alice.node_in(&grid, ScopeKind::Team, "Lines").await;
    let mia = alice.stranger("mia").await;
    let at = |node: &crate::harness::Node| format!("/v1/organizations/{}", node.id);
    let membership = format!("{}/members/{}", at(&grid), mia.user);
    // Asked twice each time: the second answer is the remembered one.
    let expect = async |expected: &[&str]| {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        for key in [&mia, &mia.with_api_key().await] {
            assert_eq!(seen(key).await, expected);
            assert_eq!(seen(key).await, expected);
        }
    };
    let alone = ["- null", "- \"owner\""];
    expect(&alone).await;
    alice
        .post(&format!("{}/members", at(&grid)), json!({ "user_id": mia.user, "role": "viewer" }))
        .await
        .ok();
    let viewer = ["- null", "- null", "- \"owner\"", "Energy null", "Grid \"viewer\"", "Lines \"viewer\""];
    expect(&viewer).await;
    alice.put(&membership, json!({ "role": "member" })).await.ok();
    expect(&["- null", "- null", "- \"owner\"", "Energy null", "Grid \"member\"", "Lines \"member\""]).await;
    alice.patch(&at(&lines), json!({ "name": "Cables" })).await.ok();
    expect(&["- null", "- null", "- \"owner\"", "Energy null", "Grid \"member\"", "Cables \"member\""]).await;
    alice.post(&format!("{}/move", at(&lines)), json!({ "parent": solar.id })).await.ok();
    expect(&["- null", "- null", "- \"owner\"", "Energy null", "Grid \"member\""]).await;
    alice.node_in(&grid, ScopeKind::Team, "Masts").await;
    expect(&["- null", "- null", "- \"owner\"", "Energy null", "Grid \"member\"", "Masts \"member\""]).await;
    alice.delete(&membership).await.assert_status(204);
    expect(&alone).await;

    // Through a group.
    let client = app.database().superuser().await;
    let (tenant, user) = (mia.enterprise.uuid(), mia.user.uuid());
    let group =
        "INSERT INTO groups VALUES ($1, gen_random_uuid(), $2, 'Night shift', 'manual', NULL, now(), now())
                 RETURNING id";
    let group: uuid::Uuid = client.query_one(group, &[&tenant, &energy.scope.0]).await.unwrap().get(0);
    let grant = "INSERT INTO group_roles VALUES ($1, $2, $3, 'admin', now())";
    client.execute(grant, &[&tenant, &group, &solar.scope.0]).await.unwrap();
    expect(&alone).await;
    let join = "INSERT INTO group_members VALUES ($1, $2, $3, now())";
    client.execute(join, &[&tenant, &group, &user]).await.unwrap();
    let admin = ["- null", "- null", "- \"owner\"", "Energy null", "Solar \"admin\"", "Cables \"admin\""];
    expect(&admin).await;
    client.execute("UPDATE group_roles SET role = 'viewer'", &[]).await.unwrap();
    expect(&["- null", "- null", "- \"owner\"", "Energy null", "Solar \"viewer\"", "Cables \"viewer\""])
        .await;
    client.execute("DELETE FROM groups WHERE id = $1", &[&group]).await.unwrap();
    expect(&alone).await;
}

#[tokio::test]
async fn a_change_of_the_tree_that_concerns_others_leaves_roles_as_they_were() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let vera = alice.colleague("vera", &energy, Role::Viewer).await;
    let before = seen(&vera).await;
    bob.node(ScopeKind::Organization, "Harbour").await;
    alice.node(ScopeKind::Organization, "Sales").await;
    assert_eq!(seen(&vera).await, before);
}

#[tokio::test]
async fn a_scope_that_changes_its_search_tier_is_read_that_way_at_once() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let energy = alice.node(ScopeKind::Organization, "Energy").await;
    let add = json!({ "messages": "the turbine hums", "infer": false, "scope": energy.label() });
    alice.post("/v3/memories/add/", add).await.ok();
    let client = app.database().superuser().await;
    let find = json!({ "query": "turbine", "scope": energy.label() });
    for tier in ["broad", "demoting", "small", "promoting", "broad", "small"] {
        let set = "WITH tier AS (UPDATE scopes SET search_tier = $2 WHERE id = $1)
                   UPDATE memory_scopes SET broad = ($2 = 'broad') WHERE scope_id = $1";
        client.execute(set, &[&energy.scope.0, &tier]).await.unwrap();
        let found = alice.post("/v3/memories/search/", find.clone()).await.ok();
        assert_eq!(found["results"].as_array().unwrap().len(), 1, "{tier}");
    }
}
