//! `/v1/contexts/`: saved sets of memories with members across teams.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{list, one, remember, remember_with, search, texts};
use crate::harness::{Actor, Client as _, TestApp};

async fn context(actor: &Actor, name: &str) -> String {
    let made = actor.post("/v1/contexts/", json!({ "name": name, "description": "for the launch" })).await;
    made.assert_status(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn join(owner: &Actor, context: &str, member: &Actor, role: &str) {
    let body = json!({ "user_id": member.user, "role": role });
    owner.post(&format!("/v1/contexts/{context}/members/"), body).await.ok();
}

#[tokio::test]
async fn members_across_teams_share_what_lives_in_it_and_what_is_pinned_to_it() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let beta = alice.node_in(&north, ScopeKind::Team, "Beta").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let ben = alice.colleague("ben", &beta, Role::Member).await;
    let launch = context(&ann, "Launch").await;
    let scope = format!("context:{launch}");
    ben.get(&format!("/v1/contexts/{launch}/")).await.assert_problem(404, "not-found", None);
    bob.get(&format!("/v1/contexts/{launch}/")).await.assert_problem(404, "not-found", None);
    // Not even who is above everything in the tree is a member by that.
    alice.get(&format!("/v1/contexts/{launch}/")).await.assert_problem(404, "not-found", None);
    join(&ann, &launch, &ben, "member").await;
    assert_eq!(ben.get("/v1/contexts/").await.ok()["results"][0]["role"], "member");

    let own = remember_with(&ben, "The launch is on Friday", json!({ "scope": scope })).await;
    let pinned = remember_with(&ann, "Alpha tests until Thursday", json!({ "scope": alpha.label() })).await;
    let pin = ann.post(&format!("/v1/memories/{pinned}/shares/"), json!({ "with": scope })).await.ok();
    let within = json!({ "scope": scope, "top_k": 10 });
    let mut found = search(&ben, "launch tests Friday Thursday", within.clone()).await;
    found.sort();
    assert_eq!(found, ["Alpha tests until Thursday", "The launch is on Friday"]);
    let levels = ben.post("/v1/memories/hierarchical/", json!({})).await.ok();
    assert_eq!(levels["levels"][0]["level"], "context");
    assert_eq!(texts(&levels["levels"][0]).len(), 2);
    // Pinned, it can be read there and no more.
    ben.put(&one(&pinned), json!({ "text": "no" })).await.assert_problem(403, "forbidden", None);
    let more = json!({ "with": scope, "permission": "write" });
    ann.post(&format!("/v1/memories/{pinned}/shares/"), more).await.assert_problem(
        400,
        "invalid",
        Some("permission"),
    );

    let pin = pin["share"]["id"].as_str().unwrap();
    ann.delete(&format!("/v1/memories/{pinned}/shares/{pin}/")).await.ok();
    ben.get(&one(&pinned)).await.assert_problem(404, "not-found", None);
    ann.delete(&format!("/v1/contexts/{launch}/members/{}/", ben.user)).await.assert_status(204);
    ben.get(&one(&own)).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_context_is_shared_with_whatever_is_and_will_be_in_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [ann, ben] = [
        alice.enterprise_colleague("ann", Role::Member).await,
        alice.enterprise_colleague("ben", Role::Member).await,
    ];
    let launch = context(&ann, "Launch").await;
    let scope = format!("context:{launch}");
    let before = remember_with(&ann, "The launch is on Friday", json!({ "scope": scope })).await;
    let shares = format!("/v1/contexts/{launch}/shares/");
    let with = json!({ "with": format!("person:{}", ben.user), "permission": "write" });
    let share = ann.post(&shares, with).await.ok();
    let after = remember_with(&ann, "The launch needs a cake", json!({ "scope": scope })).await;
    let own = remember(&ann, "A note of my own").await;
    ann.post(&format!("/v1/memories/{own}/shares/"), json!({ "with": scope })).await.ok();
    for id in [&before, &after, &own] {
        ben.get(&one(id)).await.ok();
    }
    ben.put(&one(&after), json!({ "text": "The launch needs two cakes" })).await.ok();
    ben.put(&one(&own), json!({ "text": "no" })).await.assert_problem(403, "forbidden", None);
    assert_eq!(ann.get(&shares).await.ok()["results"][0]["permission"], "write");
    let id = share["share"]["id"].as_str().unwrap();
    ann.delete(&format!("{shares}{id}/")).await.ok();
    assert_eq!(list(&ben, json!({ "scope": "all" })).await, [""; 0]);
    // Neither in it nor pinned to it is anything that those it is shared with may not see.
    ann.post(&shares, json!({ "with": "enterprise" })).await.ok();
    let secret =
        json!({ "messages": "a secret", "infer": false, "scope": scope, "classification": "restricted" });
    ann.post("/v3/memories/add/", secret).await.assert_problem(403, "forbidden", None);
    let secret = remember_with(&ann, "my secret", json!({ "classification": "restricted" })).await;
    ann.post(&format!("/v1/memories/{secret}/shares/"), json!({ "with": scope })).await.assert_problem(
        403,
        "forbidden",
        None,
    );
}

#[tokio::test]
async fn a_context_is_changed_by_its_administrators_and_deleted_when_it_is_empty() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [ann, ben] = [
        alice.enterprise_colleague("ann", Role::Member).await,
        alice.enterprise_colleague("ben", Role::Member).await,
    ];
    let launch = context(&ann, "Launch").await;
    let path = format!("/v1/contexts/{launch}/");
    join(&ann, &launch, &ben, "viewer").await;
    ben.patch(&path, json!({ "name": "No" })).await.assert_problem(403, "forbidden", None);
    let add = json!({ "messages": "no", "infer": false, "scope": format!("context:{launch}") });
    ben.post("/v3/memories/add/", add).await.assert_problem(403, "forbidden", None);
    let changed = ann.patch(&path, json!({ "description": "over" })).await.ok();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Launch"), &json!("over")));
    ann.patch(&path, json!({})).await.assert_problem(400, "invalid", None);
    let own = remember_with(&ann, "It is here", json!({ "scope": format!("context:{launch}") })).await;
    let pinned = remember(&ann, "It is mine").await;
    let with = json!({ "with": format!("context:{launch}") });
    ann.post(&format!("/v1/memories/{pinned}/shares/"), with).await.ok();
    ben.get(&one(&pinned)).await.ok();
    ann.delete(&path).await.assert_problem(409, "conflict", None);
    ann.delete(&one(&own)).await.ok();
    ann.delete(&path).await.assert_status(204);
    ann.get(&path).await.assert_problem(404, "not-found", None);
    ann.get(&one(&pinned)).await.ok();
    ben.get(&one(&pinned)).await.assert_problem(404, "not-found", None);
    assert_eq!(ann.get("/v1/contexts/").await.ok()["results"], json!([]));
    // Nor is it any node of the tree.
    assert_eq!(alice.get("/v1/organizations").await.ok()["results"], Value::Array(Vec::new()));
}
