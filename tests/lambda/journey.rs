//! A new user's path through every function.

use serde_json::{Value, json};
use shared::access::ApiKeyVerb;

use super::deployment::Deployment;
use super::visitor::{Visitor, password};

async fn search(caller: &Visitor, query: &str) -> Vec<Value> {
    let found = caller.post("/v3/memories/search/", json!({ "query": query })).await;
    found.assert_status(200).json()["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_one_tenant_remembers_it_recalls_over_rest_and_mcp_and_nobody_else_does() {
    let deployment = Deployment::new().await;
    newcomers(&deployment.visitor()).await;
}

/// Two newcomers' way through every function, wherever the stranger they begin as finds it.
pub(crate) async fn newcomers(stranger: &Visitor) {
    let (ada, bob) = (stranger.register("ada").await, stranger.register("bob").await);
    let credentials = json!({ "email": "ada@ada.example", "password": password("ada") });
    let session = stranger.post("/v1/auth/login", credentials).await.assert_status(200).json();
    let me = ada.with_token(session["access_token"].as_str().unwrap()).get("/v1/auth/me").await;
    assert_eq!(me.assert_status(200).json()["user"]["email"], "ada@ada.example");

    let verbs = [ApiKeyVerb::MemoriesRead, ApiKeyVerb::MemoriesWrite];
    let laptop = ada.with_token(&ada.api_key("laptop", &verbs).await);
    let other = bob.with_token(&bob.api_key("laptop", &verbs).await);
    let text = "The launch of the difference engine moved to 3 March.";
    let message = json!({ "messages": [{ "role": "user", "content": text }], "infer": false });
    let added = laptop.post("/v3/memories/add/", message).await.assert_status(200).json();
    assert_eq!(added["results"][0]["event"], "ADD", "{added}");
    let id = added["results"][0]["id"].as_str().unwrap();

    let found = search(&laptop, "when is the launch?").await;
    assert_eq!((found.len(), &found[0]["memory"]), (1, &json!(text)));
    let question = json!({ "query": "when is the launch?" });
    let found = laptop.call_tool("search_memories", question.clone()).await;
    assert_eq!(found["results"][0]["id"], id, "{found}");

    assert_eq!(search(&other, "when is the launch?").await, [Value::Null; 0]);
    assert_eq!(other.call_tool("search_memories", question).await["results"], json!([]));
    other.get(&format!("/v1/memories/{id}/")).await.assert_problem(404, "not-found", None);
    laptop.get(&format!("/v1/memories/{id}/")).await.assert_status(200);
}
