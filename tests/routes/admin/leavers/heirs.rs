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
