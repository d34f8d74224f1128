//! `/v1/users`: the accounts of the enterprise.

use serde_json::{Value, json};
use shared::access::{ApiKeyVerb, Role};
use shared::ids::UserId;

use super::{add_member, column, make};
use crate::harness::{Actor, Client as _, TestApp};

fn user(other: &Actor) -> String {
    format!("/v1/users/{}", other.user)
}

#[tokio::test]
async fn administrators_see_every_account_and_others_their_own() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let adam = alice.enterprise_colleague("adam", Role::Admin).await;
    let mia = alice.stranger("mia").await;
    let energy = make(&alice, "organization", "Energy", None).await;
    add_member(&alice, &energy, &mia, "owner").await;
    let list = adam.get("/v1/users").await.ok();
    assert_eq!(column(&list, "name"), ["alice", "adam", "mia"]);
    assert_eq!(list["results"][0]["role"], "owner");
    assert_eq!(list["results"][2]["role"], Value::Null);
    let shown = adam.get(&user(&mia)).await;
    insta::assert_json_snapshot!(shown.snapshot()["memberships"], @r#"
    [
      {
        "id": "[org#1]",
        "kind": "organization",
        "name": "Energy",
        "role": "owner",
        "scope": "organization:[org#1]"
      }
    ]
    "#);
    assert_eq!(mia.get(&user(&mia)).await.ok(), shown.json());
    mia.get("/v1/users").await.assert_problem(403, "forbidden", None);
    mia.get(&user(&alice)).await.assert_problem(403, "forbidden", None);
    mia.get(&format!("/v1/users/{}", UserId::generate())).await.assert_problem(403, "forbidden", None);
    adam.get(&user(&bob)).await.assert_problem(404, "not-found", None);
    adam.get("/v1/users/usr_x").await.assert_problem(404, "not-found", None);
    adam.get("/v1/users?status=asleep").await.assert_problem(400, "invalid", Some("status"));
    let key = adam.with_narrow_api_key(&[ApiKeyVerb::MemoriesRead]).await;
    key.get("/v1/users").await.assert_problem(403, "forbidden", None);
    key.get(&user(&adam)).await.assert_problem(403, "forbidden", None);
}

#[tokio::test]
async fn a_deactivated_account_is_out_until_it_is_reactivated() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let key = mia.with_api_key().await;
    let ended = alice.post(&format!("{}/deactivate", user(&mia)), json!({})).await.ok();
    assert_eq!((&ended["status"], &ended["role"]), (&json!("deactivated"), &json!("member")));
    assert_eq!(ended["deactivated_at"], "2026-03-02T09:00:00Z");
    mia.get("/v1/enterprise").await.assert_problem(401, "unauthenticated", None);
    key.get("/v1/enterprise").await.assert_problem(401, "unauthenticated", None);
    assert_eq!(alice.post(&format!("{}/deactivate", user(&mia)), json!({})).await.ok(), ended);
    assert_eq!(column(&alice.get("/v1/users?status=deactivated").await.ok(), "name"), ["mia"]);
    let energy = make(&alice, "organization", "Energy", None).await;
    let grant = json!({ "user_id": mia.user, "role": "viewer" });
    let detail = alice.post(&format!("/v1/organizations/{energy}/members"), grant).await;
    assert_eq!(detail.assert_problem(409, "conflict", None), "this account is deactivated");
    let back = alice.post(&format!("{}/reactivate", user(&mia)), json!({})).await.ok();
    assert_eq!((&back["status"], &back["deactivated_at"]), (&json!("active"), &Value::Null));
    bob.post(&format!("{}/deactivate", user(&mia)), json!({})).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn accounts_are_ended_by_administrators_up_to_their_own_role() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let adam = alice.enterprise_colleague("adam", Role::Admin).await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let end = |other: &Actor| format!("{}/deactivate", user(other));
    mia.post(&end(&adam), json!({})).await.assert_problem(403, "forbidden", None);
    adam.post(&end(&alice), json!({})).await.assert_problem(403, "forbidden", None);
    alice.post(&end(&alice), json!({})).await.assert_problem(409, "conflict", None);
    alice.post(&end(&adam), json!({})).await.ok();
}

#[tokio::test]
async fn an_account_is_found_by_its_address() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let found = alice.get(&format!("/v1/users?email={}", mia.email.to_uppercase())).await.ok();
    assert_eq!(column(&found, "id"), [mia.user.to_string()]);
    for nobody in [bob.email.as_str(), "nobody@northwind.example"] {
        assert_eq!(alice.get(&format!("/v1/users?email={nobody}")).await.ok()["results"], json!([]));
    }
    alice.get("/v1/users?email=nonsense").await.assert_problem(400, "invalid", Some("email"));
    mia.get(&format!("/v1/users?email={}", mia.email)).await.assert_problem(403, "forbidden", None);
}

/// A narrowed key learns of nothing outside, and administrators learn of no context that they do not belong to.
#[tokio::test]
async fn roles_are_shown_as_far_as_the_caller_sees_where_they_are_held() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let (alpha, beta) =
        (make(&alice, "organization", "Alpha", None).await, make(&alice, "organization", "Beta", None).await);
    for node in [&alpha, &beta] {
        add_member(&alice, node, &mia, "admin").await;
    }
    let launch = mia.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let scopes = |shown: &Value| -> Vec<String> {
        shown["memberships"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["scope"].as_str().unwrap().to_owned())
            .collect()
    };
    let (context, alpha) =
        (format!("context:{}", launch["id"].as_str().unwrap()), format!("organization:{alpha}"));
    let whole = mia.get(&user(&mia)).await.ok();
    assert_eq!(scopes(&whole).len(), 4, "{whole}");
    let shown = whole["memberships"].as_array().unwrap().iter().find(|it| it["kind"] == "context").unwrap();
    assert_eq!((&shown["id"], &shown["scope"]), (&launch["id"], &json!(context)));
    let me = mia.get("/v1/auth/me").await.ok();
    let own = me["scopes"].as_array().unwrap().iter().find(|it| it["kind"] == "context").unwrap();
    assert_eq!(own["id"], launch["id"]);
    let seen = alice.get(&user(&mia)).await.ok();
    assert_eq!(scopes(&seen).len(), 3, "{seen}");
    assert!(!scopes(&seen).contains(&context));
    let body = json!({ "name": "key", "scopes": ["tenancy:read"], "within": [alpha] });
    let key = mia.with_key(&mia.post("/v1/api-keys", body).await.ok());
    let narrow = key.get(&user(&mia)).await.ok();
    assert_eq!((scopes(&narrow), &narrow["role"]), (vec![alpha], &Value::Null), "{narrow}");
    let other = key.get(&user(&alice)).await.assert_problem(404, "not-found", None);
    assert_eq!(other, "user not found");
}
