//! Prompt enhancement.

mod enhance;
mod untrusted;
mod wrong;

use serde_json::{Value, json};

use crate::harness::{Actor, Client as _};

/// Adds one text as it is, with further members of the request; the memory's id.
async fn remember(actor: &Actor, text: &str, more: Value) -> String {
    let mut body = json!({ "messages": text, "infer": false });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let added = actor.post("/v3/memories/add/", body).await.ok();
    added["results"][0]["id"].as_str().unwrap_or_else(|| panic!("{added}")).to_owned()
}

/// Enhances a prompt, with further members of the request.
async fn enhance(actor: &Actor, prompt: &str, more: Value) -> Value {
    let mut body = json!({ "prompt": prompt });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    actor.post("/enhance", body).await.ok()
}

/// The ids of the memories in a list of the answer.
fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|memory| memory["id"].as_str().unwrap()).collect()
}
