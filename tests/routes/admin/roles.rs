//! A change of role takes effect with the next request, up and down the tree.

use serde_json::json;

use super::{add_member, make};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn a_role_is_inherited_and_gone_with_the_next_request() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let team = make(&alice, "team", "Lines", Some(&grid)).await;
    let adam = alice.stranger("adam").await;
    let rename = json!({ "name": "Cables" });
    let path = format!("/v1/organizations/{team}");
    let membership = format!("/v1/organizations/{energy}/members/{}", adam.user);
    adam.patch(&path, rename.clone()).await.assert_problem(404, "not-found", None);
    add_member(&alice, &energy, &adam, "admin").await;
    adam.patch(&path, rename.clone()).await.ok();
    alice.put(&membership, json!({ "role": "viewer" })).await.ok();
    adam.patch(&path, rename.clone()).await.assert_problem(403, "forbidden", None);
    adam.get(&path).await.ok();
    alice.delete(&membership).await.assert_status(204);
    adam.get(&path).await.assert_problem(404, "not-found", None);
}

#[tokio::test]
async fn a_lower_role_further_down_takes_nothing_away() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let grid = make(&alice, "division", "Grid", Some(&energy)).await;
    let adam = alice.stranger("adam").await;
    add_member(&alice, &energy, &adam, "admin").await;
    add_member(&alice, &grid, &adam, "viewer").await;
    adam.patch(&format!("/v1/organizations/{grid}"), json!({ "name": "Net" })).await.ok();
}
