//! `POST /v1/organizations/{id}/move`.

use serde_json::{Value, json};
use shared::access::Role;

use super::{add_member, make, text, tree};
use crate::harness::{Actor, Answer, Client as _, TestApp};

async fn relocate(actor: &Actor, node: &str, parent: Option<&str>) -> Answer {
    actor.post(&format!("/v1/organizations/{node}/move"), json!({ "parent": parent })).await
}

#[tokio::test]
async fn a_subtree_moves_with_everything_below_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let unit = make(&alice, "unit", "North", Some(&grid)).await;
    let team = make(&alice, "team", "Lines", Some(&unit)).await;
    let solar = make(&alice, "organization", "Solar", None).await;
    let moved = relocate(&alice, &grid, Some(&solar)).await.ok();
    assert_eq!((&moved["parent"], &moved["ancestors"]), (&json!(solar), &json!([solar])));
    let lowest = alice.get(&format!("/v1/organizations/{team}")).await.ok();
    assert_eq!(lowest["ancestors"], json!([solar, grid, unit]));
    assert_eq!(lowest["level"], 5);
    let top = relocate(&alice, &solar, Some(&energy)).await.ok();
    assert_eq!(top["level"], 3);
    assert_eq!(relocate(&alice, &solar, None).await.ok()["parent"], Value::Null);
    assert_eq!(relocate(&alice, &solar, None).await.ok()["level"], 2);
}

#[tokio::test]
async fn a_move_takes_effect_on_the_next_request() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let sales = make(&alice, "division", "Sales", Some(&energy)).await;
    let team = make(&alice, "team", "Lines", Some(&grid)).await;
    let (greta, saul) = (alice.stranger("greta").await, alice.stranger("saul").await);
    add_member(&alice, &grid, &greta, "admin").await;
    add_member(&alice, &sales, &saul, "viewer").await;
    let path = format!("/v1/organizations/{team}");
    saul.get(&path).await.assert_problem(404, "not-found", None);
    relocate(&alice, &team, Some(&sales)).await.ok();
    greta.get(&path).await.assert_problem(404, "not-found", None);
    assert_eq!(saul.get(&path).await.ok()["role"], "viewer");
}

#[tokio::test]
async fn cycles_and_depth_and_kinds_are_refused_and_change_nothing() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let solar = make(&alice, "organization", "Solar", Some(&energy)).await;
    let mut lowest = make(&alice, "division", "D3", Some(&solar)).await;
    for level in 5..=8 {
        lowest = make(&alice, "division", &format!("L{level}"), Some(&lowest)).await;
    }
    let other = make(&alice, "organization", "Other", None).await;
    let division = make(&alice, "division", "Beside", Some(&other)).await;
    let before = tree(&alice).await;
    relocate(&alice, &energy, Some(&solar)).await.assert_problem(409, "conflict", None);
    relocate(&alice, &energy, Some(&energy)).await.assert_problem(409, "conflict", None);
    let detail = relocate(&alice, &energy, Some(&other)).await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "the tree would be 9 levels deep, counting the enterprise; it can have 8");
    relocate(&alice, &other, Some(&division)).await.assert_problem(400, "invalid", Some("parent"));
    relocate(&alice, &division, None).await.assert_problem(400, "invalid", Some("parent"));
    let path = format!("/v1/organizations/{division}/move");
    alice.post(&path, json!({})).await.assert_problem(400, "invalid", Some("parent"));
    alice.post(&path, json!({ "parent": other, "force": true })).await.assert_problem(
        400,
        "invalid",
        Some("force"),
    );
    assert_eq!(tree(&alice).await, before);
}

#[tokio::test]
async fn a_move_needs_authority_over_both_places() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let sales = make(&alice, "division", "Sales", Some(&energy)).await;
    let team = make(&alice, "team", "Lines", Some(&grid)).await;
    let adam = alice.stranger("adam").await;
    add_member(&alice, &team, &adam, "owner").await;
    add_member(&alice, &sales, &adam, "owner").await;
    let detail = relocate(&adam, &team, Some(&sales)).await.assert_problem(403, "forbidden", None);
    assert_eq!(detail, format!("this needs the role admin on Grid (division:{grid}), you have none there"));
    add_member(&alice, &grid, &adam, "admin").await;
    relocate(&adam, &team, Some(&energy)).await.assert_problem(403, "forbidden", None);
    relocate(&adam, &team, Some(&sales)).await.ok();
}

#[tokio::test]
async fn moving_a_thousand_nodes_leaves_every_path_right() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let other = make(&alice, "organization", "Other", None).await;
    let division = make(&alice, "division", "Grid", Some(&energy)).await;
    let many = "WITH parent AS (SELECT s.enterprise_id, s.id, s.path FROM scopes s
                    JOIN sub_organizations n ON n.scope_id = s.id WHERE n.name = 'Grid'),
                made AS (INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
                    SELECT p.enterprise_id, i.id, 'team', p.id, p.path || i.id
                      FROM parent p, (SELECT nextval('scope_ids') AS id FROM generate_series(1, 1000)) i
                    RETURNING enterprise_id, id)
                INSERT INTO sub_organizations (enterprise_id, id, scope_id, name, created_at, updated_at)
                SELECT enterprise_id, gen_random_uuid(), id, 'Team ' || id, now(), now() FROM made";
    app.database().superuser().await.execute(many, &[]).await.unwrap();
    relocate(&alice, &division, Some(&other)).await.ok();
    let teams = alice.get("/v1/organizations?kind=team&limit=1000").await.ok();
    let teams = teams["results"].as_array().unwrap();
    assert_eq!(teams.len(), 1000);
    assert!(teams.iter().all(|team| team["ancestors"] == json!([other, division])));
    assert_eq!(text(&teams[0]["parent"]), division);
}

#[tokio::test]
async fn a_refused_move_names_the_memories_that_are_in_the_way() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let (energy, other) = (
        make(&alice, "organization", "Energy", None).await,
        make(&alice, "organization", "Other", None).await,
    );
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let lines = make(&alice, "team", "Lines", Some(&grid)).await;
    let narrow = json!({ "audiences": { "confidential": "person" } });
    alice.put(&format!("/v1/organizations/{other}/sharing-policy"), narrow).await.ok();
    let add = async |number: usize, class: &str| {
        let body = json!({
            "messages": format!("gate {number} is number {number}"), "infer": false, "scope": format!("team:{lines}"),
            "classification": class,
        });
        text(&alice.post("/v3/memories/add/", body).await.ok()["results"][0]["id"])
    };
    let internal = add(0, "internal").await;
    let mut secret = [add(1, "confidential").await, add(2, "confidential").await];
    secret.sort();
    let refused = relocate(&alice, &grid, Some(&other)).await.assert_problem(409, "conflict", None);
    let named = format!("move or reclassify them first (2 memories: {})", secret.join(", "));
    assert!(refused.ends_with(&named) && !refused.contains(&internal), "{refused}");
    for number in 3..23 {
        add(number, "confidential").await;
    }
    let refused = relocate(&alice, &grid, Some(&other)).await.assert_problem(409, "conflict", None);
    assert!(refused.contains("(22 memories: ") && refused.ends_with(" and 12 others)"), "{refused}");
    assert_eq!(refused.matches("mem_").count(), 10, "{refused}");
}

#[tokio::test]
async fn a_refused_move_names_the_shares_that_are_in_the_way() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let (energy, other) = (
        make(&alice, "organization", "Energy", None).await,
        make(&alice, "organization", "Other", None).await,
    );
    let grid = make(&alice, "team", "Grid", Some(&energy)).await;
    let sales = make(&alice, "team", "Sales", Some(&energy)).await;
    let add = async |text: &str| {
        let scope = format!("team:{grid}");
        let body =
            json!({ "messages": text, "infer": false, "scope": scope, "classification": "confidential" });
        self::text(&alice.post("/v3/memories/add/", body).await.ok()["results"][0]["id"])
    };
    let share = async |memory: &str, with: &str| {
        let shared =
            alice.post(&format!("/v1/memories/{memory}/shares/"), json!({ "with": with })).await.ok();
        self::text(&shared["share"]["id"])
    };
    let (one, unshared) = (add("The gate of the plant is blue").await, add("Lunch is at noon").await);
    let first = share(&one, &format!("team:{sales}")).await;
    // A person who is named may be of any organization.
    let bob = alice.stranger("bob").await;
    let harmless = share(&one, &format!("person:{}", bob.user)).await;
    let refused = relocate(&alice, &grid, Some(&other)).await.assert_problem(409, "conflict", None);
    assert!(refused.ends_with(&format!("(1 memory: {one}; 1 share: {first} of {one})")), "{refused}");
    assert!(!refused.contains(&unshared) && !refused.contains(&harmless), "{refused}");
    // Through a context.
    let context = self::text(&alice.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok()["id"]);
    let pinned = add("The launch is on Friday").await;
    share(&pinned, &format!("context:{context}")).await;
    let with = json!({ "with": format!("team:{sales}") });
    let shared = alice.post(&format!("/v1/contexts/{context}/shares/"), with).await.ok();
    let second = self::text(&shared["share"]["id"]);
    let refused = relocate(&alice, &grid, Some(&other)).await.assert_problem(409, "conflict", None);
    let named = format!("(2 memories: {one}, {pinned}; 2 shares: {first} of {one}, {second} of {context})");
    assert!(refused.ends_with(&named), "{refused}, not {named}");
    // What it says is enough to do.
    alice.delete(&format!("/v1/memories/{one}/shares/{first}/")).await.ok();
    alice.delete(&format!("/v1/contexts/{context}/shares/{second}/")).await.ok();
    relocate(&alice, &grid, Some(&other)).await.ok();
}

/// A node does not take to another organization what owners decide about, whether it moves or is dissolved.
#[tokio::test]
async fn what_others_decide_about_leaves_the_organization_with_them() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let (energy, solar) = (
        make(&alice, "organization", "Energy", None).await,
        make(&alice, "organization", "Solar", None).await,
    );
    let (grid, sales) = (
        make(&alice, "division", "Grid", Some(&energy)).await,
        make(&alice, "division", "Sales", Some(&energy)).await,
    );
    let lines = make(&alice, "team", "Lines", Some(&grid)).await;
    let ada = alice.enterprise_colleague("ada", Role::Admin).await;
    let dissolve = async |actor: &Actor, node: &str| {
        let wish = json!({ "heir": solar, "members": "leave" });
        actor.post(&format!("/v1/organizations/{node}/dissolve"), wish).await
    };
    let rules = json!({ "approvals": [{ "directions": ["out"], "approver_role": "owner" }] });
    let is_refusal = |told: &str, of: &str| {
        told.starts_with("another organization would see what is in it, and a rule of ")
            && told.ends_with(" leaves that to the role owner there")
            && told.contains(of)
    };
    let refused = async |node: &str, of: &str| {
        for answer in [relocate(&ada, node, Some(&solar)).await, dissolve(&ada, node).await] {
            let told = answer.assert_problem(403, "forbidden", None);
            assert!(is_refusal(&told, of), "{told}");
        }
    };
    alice.put("/v1/enterprise/sharing-policy", rules.clone()).await.ok();
    refused(&lines, "enterprise").await;
    // Within its organization it moves.
    relocate(&ada, &lines, Some(&sales)).await.ok();
    relocate(&ada, &lines, Some(&grid)).await.ok();
    // Rules of what is below it count like those of its own.
    alice.put("/v1/enterprise/sharing-policy", json!({})).await.ok();
    alice.put(&format!("/v1/organizations/{lines}/sharing-policy"), rules).await.ok();
    let team = format!("team:{lines}");
    refused(&grid, &team).await;
    // Other directions do not matter, and who holds the role decides.
    let up = json!({ "approvals": [{ "directions": ["up"], "approver_role": "owner" }] });
    alice.put(&format!("/v1/organizations/{lines}/sharing-policy"), up).await.ok();
    relocate(&ada, &grid, Some(&solar)).await.ok();
    relocate(&ada, &grid, Some(&energy)).await.ok();
    let rules = json!({ "approvals": [{ "approver_role": "owner" }] });
    alice.put("/v1/enterprise/sharing-policy", rules).await.ok();
    let told = relocate(&ada, &grid, Some(&solar)).await.assert_problem(403, "forbidden", None);
    assert!(is_refusal(&told, "enterprise"), "{told}");
    relocate(&alice, &grid, Some(&solar)).await.ok();
}
