//! The routes of `functions/admin`.

mod access;
mod dissolutions;
mod dissolve;
mod enterprise;
mod epochs;
mod groups;
mod idempotency;
mod invitations;
mod leavers;
mod members;
mod moves;
mod office;
mod organizations;
mod races;
mod reassignments;
mod roles;
mod scopes;
mod sequences;
mod sharing_policy;
mod simulated_keys;
mod simulation;
mod storms;
mod users;

use serde_json::{Value, json};

use crate::harness::{Actor, Client as _};

/// Makes a node through its route and returns its id.
async fn make(actor: &Actor, kind: &str, name: &str, parent: Option<&str>) -> String {
    let body = json!({ "kind": kind, "name": name, "parent": parent });
    text(&actor.post("/v1/organizations", body).await.ok()["id"])
}

/// Every node that somebody sees.
async fn tree(actor: &Actor) -> Vec<Value> {
    let answer = actor.get("/v1/organizations?limit=1000").await.ok();
    assert_eq!(answer["next"], Value::Null);
    answer["results"].as_array().unwrap().clone()
}

/// Makes somebody a member through the route.
async fn add_member(actor: &Actor, node: &str, other: &Actor, role: &str) -> Value {
    let body = json!({ "user_id": other.user, "role": role });
    actor.post(&format!("/v1/organizations/{node}/members"), body).await.ok()
}

/// The strings that these values have under that name.
fn column(rows: &Value, name: &str) -> Vec<String> {
    rows["results"].as_array().unwrap().iter().map(|row| text(&row[name])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string")).to_owned()
}
