//! One newcomer's way through every function.

use serde_json::{Value, json};

use super::deployment::Deployment;
use super::visitor::{Visitor, password};

async fn api_key(owner: &Visitor) -> Visitor {
    let key = json!({ "name": "laptop", "scopes": ["memories:read", "memories:write"] });
    let key = owner.post("/v1/api-keys", key).await.assert_status(201).json();
    owner.with_token(key["key"].as_str().unwrap())
}

async fn search(caller: &Visitor, query: &str) -> Vec<Value> {
    let found = caller.post("/v3/memories/search/", json!({ "query": query })).await;
    found.assert_status(200).json()["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_one_tenant_remembers_it_recalls_over_rest_and_mcp_and_nobody_else_does() {
    let deployment = Deployment::new().await;
    let (ada, bob) = (deployment.visitor().register("ada").await, deployment.visitor().register("bob").await);
    let credentials = json!({ "email": "ada@ada.example", "password": password("ada") });
    let session = deployment.visitor().post("/v1/auth/login", credentials).await.assert_status(200).json();
    let me = ada.with_token(session["access_token"].as_str().unwrap()).get("/v1/auth/me").await;
    assert_eq!(me.assert_status(200).json()["user"]["email"], "ada@ada.example");

    let (laptop, other) = (api_key(&ada).await, api_key(&bob).await);
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
