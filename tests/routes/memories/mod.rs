//! The memory REST API, as mem0's clients call it.

mod access;
mod add;
mod approval_rules;
mod approvals;
mod approvals_of_several;
mod asked_at_once;
mod asked_versions;
mod authors;
mod batch;
mod class_rules;
mod classification;
mod contexts;
mod dead_requests;
mod earlier_successors;
mod entity;
mod escalation;
mod event;
mod feedback;
mod four_eyes;
mod gate;
mod hierarchical;
mod history;
mod home;
mod idempotency;
mod import;
mod latest_only;
mod links;
mod list;
mod one;
mod ping;
mod repeated;
mod resharing;
mod room;
mod ruled_contexts;
mod search;
mod search_ranking;
mod search_scopes;
mod seen_successors;
mod shared_contexts;
mod sharing;
mod stats;
mod supersede;
mod sweep;
mod takedown;

use serde_json::{Value, json};

use shared::access::ScopeKind;

use crate::harness::{Actor, Answer, Client as _, Node};

/// Adds texts as they are, with further members of the request; the answer.
pub(super) async fn add(actor: &Actor, texts: &[&str], more: Value) -> Answer {
    let messages: Vec<Value> = texts.iter().map(|text| json!({ "role": "user", "content": text })).collect();
    let mut body = json!({ "messages": messages, "infer": false });
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    actor.post("/v3/memories/add/", body).await
}

/// Adds one text to the caller's own scope; the memory's id.
async fn remember(actor: &Actor, text: &str) -> String {
    remember_with(actor, text, json!({})).await
}

/// Adds one text; the memory's id.
async fn remember_with(actor: &Actor, text: &str, more: Value) -> String {
    let added = add(actor, &[text], more).await.ok();
    assert_eq!(added["results"][0]["event"], "ADD", "{added}");
    added["results"][0]["id"].as_str().unwrap().to_owned()
}

/// The texts that a search finds, best first.
async fn search(actor: &Actor, query: &str, more: Value) -> Vec<String> {
    texts(&search_answer(actor, query, more).await.ok())
}

async fn search_answer(actor: &Actor, query: &str, more: Value) -> Answer {
    let mut body = json!({ "query": query, "threshold": 0.0 });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    actor.post("/v3/memories/search/", body).await
}

/// The texts of all the caller's memories for which the body selects, newest first.
async fn list(actor: &Actor, body: Value) -> Vec<String> {
    texts(&actor.post("/v3/memories/", body).await.ok())
}

fn texts(answer: &Value) -> Vec<String> {
    let results = answer["results"].as_array().unwrap_or_else(|| panic!("{answer} has no results"));
    results.iter().map(|memory| memory["memory"].as_str().unwrap().to_owned()).collect()
}

fn one(id: &str) -> String {
    format!("/v1/memories/{id}/")
}

/// A new team in an organization of its own.
async fn team(owner: &Actor, name: &str) -> Node {
    let organization = owner.node(ScopeKind::Organization, &format!("{name} organization")).await;
    owner.node_in(&organization, ScopeKind::Team, name).await
}
