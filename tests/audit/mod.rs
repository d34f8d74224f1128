//! The audit log: everything leaves a row, who may read it, and that nobody can change it unnoticed.

mod anchors;
pub(crate) mod chain;
mod denials;
mod places;
mod query;
mod retention;
mod sweeps;
mod trail;

use serde_json::{Value, json};

use crate::harness::{Actor, Client as _, TestApp};

/// The rows of a tenant's log since a moment, oldest first, as JSON.
async fn rows(app: &TestApp, enterprise: shared::ids::EnterpriseId, known: i64) -> Vec<Value> {
    let rows = "SELECT to_jsonb(l) FROM audit_log l WHERE enterprise_id = $1
                 ORDER BY xid, at, id OFFSET $2";
    let client = app.database().superuser().await;
    let rows = client.query(rows, &[&enterprise.uuid(), &known]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// How many rows a tenant's log has.
async fn count(app: &TestApp, enterprise: shared::ids::EnterpriseId) -> i64 {
    let count = "SELECT count(*) FROM audit_log WHERE enterprise_id = $1";
    app.database().superuser().await.query_one(count, &[&enterprise.uuid()]).await.unwrap().get(0)
}

/// Adds one text, with further members of the request; the memory's id.
async fn remember(actor: &Actor, text: &str, more: Value) -> String {
    let mut body = json!({ "messages": text, "infer": false });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let added = actor.post("/v3/memories/add/", body).await.ok();
    added["results"][0]["id"].as_str().unwrap().to_owned()
}
