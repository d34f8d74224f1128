//! `/v1/enterprise`: the caller's own tenant.

use serde_json::{Value, json};
use shared::access::Role;

use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn everyone_sees_their_own_enterprise() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    insta::assert_json_snapshot!(alice.get("/v1/enterprise").await.snapshot(), @r#"
    {
      "created_at": "2026-03-02T09:00:00Z",
      "id": "[ent#1]",
      "leavers": {
        "reassignment": "owners",
        "retention_days": 365
      },
      "name": "alice Ltd",
      "plan": {
        "limits": {
          "body_bytes": null,
          "depth": null,
          "members": null,
          "memories": null,
          "requests_per_minute": {
            "enterprise": 600000,
            "key": 6000,
            "user": 12000
          },
          "service_accounts": null
        },
        "name": "enterprise",
        "used": {
          "depth": 1,
          "members": 1,
          "memories": 0,
          "service_accounts": 0
        }
      },
      "role": "owner"
    }
    "#);
    assert_eq!(bob.get("/v1/enterprise").await.ok()["name"], "bob Ltd");
    assert_eq!(alice.stranger("sam").await.get("/v1/enterprise").await.ok()["role"], Value::Null);
}

#[tokio::test]
async fn administrators_rename_it() {
    let (_app, alice, bob) = TestApp::two_tenants().await;
    let adam = alice.enterprise_colleague("adam", Role::Admin).await;
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let name = json!({ "name": "Northwind" });
    mia.patch("/v1/enterprise", name.clone()).await.assert_problem(403, "forbidden", None);
    assert_eq!(adam.patch("/v1/enterprise", name).await.ok()["name"], "Northwind");
    for (body, field) in [
        (json!({ "name": " " }), Some("name")),
        (json!({ "name": "n".repeat(201) }), Some("name")),
        (json!({ "name": "A", "plan": "free" }), Some("plan")),
        (json!({}), None),
    ] {
        adam.patch("/v1/enterprise", body).await.assert_problem(400, "invalid", field);
    }
    assert_eq!(alice.get("/v1/enterprise").await.ok()["name"], "Northwind");
    assert_eq!(bob.get("/v1/enterprise").await.ok()["name"], "bob Ltd");
}

#[tokio::test]
async fn administrators_see_what_the_plan_allows_and_how_much_is_used() {
    let (app, alice, bob) = TestApp::two_tenants().await;
    let free = "INSERT INTO enterprise_plans (enterprise_id, plan) VALUES ($1, 'free')";
    app.database().superuser().await.execute(free, &[&alice.enterprise.uuid()]).await.unwrap();
    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let body = json!({ "kind": "organization", "name": "Energy", "parent": null });
    alice.post("/v1/organizations", body).await.ok();
    alice.post("/v1/enterprise/service-accounts", json!({ "name": "Robot" })).await.ok();
    for actor in [&alice, &mia, &bob] {
        let body = json!({ "messages": "the pump is new", "infer": false });
        actor.post("/v3/memories/add/", body).await.ok();
    }
    let plan = &alice.get("/v1/enterprise").await.ok()["plan"];
    assert_eq!((&plan["name"], &plan["limits"]["members"]), (&json!("free"), &json!(5)));
    let used = json!({ "memories": 2, "members": 2, "service_accounts": 1, "depth": 2 });
    assert_eq!(plan["used"], used);
    assert_eq!(mia.get("/v1/enterprise").await.ok()["plan"], Value::Null);
    let body = json!({ "name": "key", "scopes": ["tenancy:read"], "within": ["personal"] });
    let key = alice.with_key(&alice.post("/v1/api-keys", body).await.ok());
    assert_eq!(key.get("/v1/enterprise").await.ok()["plan"], Value::Null);
}
