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
