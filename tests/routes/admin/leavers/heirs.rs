//! What those see who get a leaver's memories.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};
use shared::tenancy::users;

use super::{earlier, end, memories, reassign, remember, text, went};
use crate::harness::{Actor, Client as _, TestApp};

/// Neither in a node where nobody else would read them.
#[tokio::test]
async fn nobody_reads_a_leavers_memories_alone() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let vacant = alice.node_in(&north, ScopeKind::Team, "Vacant").await;
    let mia = alice.colleague("mia", &north, Role::Member).await;
    // Those above inherit a role there, and would not learn of it.
    alice.enterprise_colleague("olga", Role::Owner).await;
    remember(&mia, "my locker is the blue one").await;
    end(&alice, &mia).await;
    let to_vacant = json!({ "scope": vacant.label() });
    let refused = alice.post(&reassign(&mia), to_vacant.clone()).await.assert_problem(403, "forbidden", None);
    assert!(refused.starts_with("nobody else is at home there"), "{refused}");
    let kim = alice.colleague("kim", &vacant, Role::Viewer).await;
    end(&alice, &kim).await;
    alice.post(&reassign(&mia), to_vacant.clone()).await.assert_problem(403, "forbidden", None);
    assert_eq!(memories(&app, &mia).await, (1, 1));
    alice.post(&format!("/v1/users/{}/reactivate", kim.user), json!({})).await.ok();
    let told = alice.post(&reassign(&mia), to_vacant).await.ok();
    assert_eq!(went(&told), (&json!("done"), &json!(1), &json!(0), &json!(0)));
}

/// Who gets them saw what was shared, and no more.
#[tokio::test]
async fn what_a_share_hid_is_forgotten_with_the_leaver() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let mia = alice.colleague("mia", &north, Role::Member).await;
    let bob = alice.colleague("bob", &north, Role::Member).await;
    let kim = alice.colleague("kim", &north, Role::Member).await;
    let context = text(&bob.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok()["id"]);
    let join = json!({ "user_id": mia.user, "role": "member" });
    bob.post(&format!("/v1/contexts/{context}/members/"), join).await.ok();
    let written = async |topic: &str, with: &[String]| {
        let draft = json!({ "messages": format!("a secret draft about {topic}"), "infer": false });
        let id = text(&mia.post("/v3/memories/add/", draft).await.ok()["results"][0]["id"]);
        let path = format!("/v1/memories/{id}/");
        for (version, with) in with.iter().enumerate() {
            let edition = json!({ "text": format!("edition {version} about {topic}") });
            mia.put(&path, edition).await.ok();
            mia.post(&format!("{path}shares/"), json!({ "with": with })).await.ok();
        }
        mia.put(&path, json!({ "text": format!("the last edition about {topic}") })).await.ok();
        id
    };
    let to_bob = format!("person:{}", bob.user);
    let to_kim = format!("person:{}", kim.user);
    let one = written("the canteen", &[to_bob]).await;
    let team = written("the merger with Beta", &[north.label()]).await;
    let pinned = written("the harbour", &[format!("context:{context}")]).await;
    // Kim has seen more than the organization, which gets it.
    let both = written("the budget", &[to_kim, north.label()]).await;
    let seen = async |actor: &Actor, id: &str| {
        let versions = actor.get(&format!("/v1/memories/{id}/history/")).await.ok();
        let seen = |it: &Value| {
            (it["version"].as_i64().unwrap(), it["old_memory"].is_null(), it["input"] == json!([]))
        };
        versions.as_array().unwrap().iter().map(seen).collect::<Vec<_>>()
    };
    let from_two = [(2, true, true), (3, false, false)];
    for id in [&one, &team, &pinned] {
        assert_eq!(seen(&bob, id).await, from_two);
    }
    end(&alice, &mia).await;
    earlier(&app, &mia, 366).await;
    assert_eq!(users::forget(app.gate(), || true).await.unwrap(), 0);
    for id in [&one, &team, &pinned] {
        assert_eq!(seen(&bob, id).await, from_two);
    }
    let from_three = [(3, true, true), (4, false, false)];
    assert_eq!(
        (seen(&bob, &both).await, seen(&kim, &both).await),
        (from_three.to_vec(), from_three.to_vec())
    );
    // Not for those who look into the database either.
    let left = "SELECT count(*) FROM memory_versions WHERE concat(old_content, new_content, input) LIKE '%secret draft%'";
    let row = app.database().superuser().await.query_one(left, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    bob.put(&format!("/v1/memories/{one}/"), json!({ "text": "it is bob's by now" })).await.ok();
}

/// Where its author did not belong, what is confidential does not go, whoever hands it over.
#[tokio::test]
async fn an_heir_in_another_organization_gets_nothing_confidential() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let south = alice.node(ScopeKind::Organization, "South").await;
    let (alpha, gamma) = (
        alice.node_in(&north, ScopeKind::Team, "Alpha").await,
        alice.node_in(&south, ScopeKind::Team, "Gamma").await,
    );
    let gus = alice.colleague("gus", &gamma, Role::Member).await;
    let kim = alice.colleague("kim", &alpha, Role::Member).await;
    let mia = alice.colleague("mia", &alpha, Role::Member).await;
    for class in ["internal", "confidential", "restricted"] {
        let diary =
            json!({ "messages": format!("a {class} diary"), "infer": false, "classification": class });
        mia.post("/v3/memories/add/", diary).await.ok();
    }
    end(&alice, &mia).await;
    let texts = async |actor: &Actor| {
        let listed = actor.post("/v3/memories/", json!({ "scope": "all" })).await.ok();
        let rows = listed["results"].as_array().unwrap().iter();
        rows.map(|row| text(&row["memory"])).collect::<Vec<_>>()
    };
    // No organization may see it then but one of hers.
    let policy = "/v1/enterprise/sharing-policy";
    alice.put(policy, json!({ "audiences": { "internal": "organization" } })).await.ok();
    let told = alice.post(&reassign(&mia), json!({ "scope": gamma.label() })).await.ok();
    assert_eq!(went(&told), (&json!("done"), &json!(0), &json!(3), &json!(0)));
    alice.put(policy, json!({})).await.ok();
    let told = alice.post(&reassign(&mia), json!({ "scope": gamma.label() })).await.ok();
    assert_eq!(went(&told), (&json!("done"), &json!(1), &json!(2), &json!(0)));
    assert_eq!(texts(&gus).await, ["a internal diary"]);
    let told = alice.post(&reassign(&mia), json!({ "scope": alpha.label() })).await.ok();
    assert_eq!(went(&told), (&json!("done"), &json!(2), &json!(0), &json!(0)));
    assert_eq!(texts(&kim).await.len(), 2);
    assert_eq!(memories(&app, &mia).await, (0, 0));
}
