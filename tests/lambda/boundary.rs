//! What API Gateway's events do to requests: credentials, encodings, query strings, sizes.

use reqwest::Method;
use serde_json::json;

use super::deployment::Deployment;

#[tokio::test]
async fn every_function_refuses_a_credential_that_does_not_hold() {
    let deployment = Deployment::new().await;
    let forger = deployment.visitor().with_token("m0sk_0123456789abcdefghijklmnopqrstuvwxyz");
    for (method, path) in [
        (Method::GET, "/v1/auth/me"),
        (Method::GET, "/v1/organizations"),
        (Method::POST, "/v3/memories/search/"),
        (Method::POST, "/mcp"),
    ] {
        for visitor in [&forger, &deployment.visitor()] {
            let request = visitor.request(method.clone(), path).json(&json!({ "query": "anything" }));
            visitor.send(request).await.assert_problem(401, "unauthenticated", None);
        }
    }
}

#[tokio::test]
async fn bodies_reach_a_function_as_text_or_as_base64_and_are_refused_when_too_large() {
    let deployment = Deployment::new().await;
    let ada = deployment.visitor().register("ada").await;
    let add = |content: &str| {
        let body = json!({ "messages": [{ "role": "user", "content": content }], "infer": false });
        ada.request(Method::POST, "/v3/memories/add/").body(body.to_string())
    };
    // Without a content type, API Gateway passes on base64.
    ada.send(add("Zoë drinks oat milk ☕")).await.assert_status(200);
    let found = ada.post("/v3/memories/search/", json!({ "query": "what does Zoë drink?" })).await;
    assert_eq!(found.assert_status(200).json()["results"][0]["memory"], "Zoë drinks oat milk ☕");

    let invalid = ada.request(Method::POST, "/v3/memories/add/").header("content-type", "application/json");
    ada.send(invalid.body(b"{\"messages\": \"\xff\"}".to_vec())).await.assert_problem(400, "invalid", None);
    // Larger than the function takes, than an event can be, and than the gateway takes.
    for (megabytes, from_the_function) in [(2, true), (7, false), (11, false)] {
        let answer = ada.send(add(&"x".repeat(megabytes << 20))).await;
        answer.assert_status(413);
        assert_eq!(answer.header("x-request-id").is_some(), from_the_function, "{megabytes} MB");
    }
}

#[tokio::test]
async fn an_answer_larger_than_lambda_carries_ends_early_or_says_what_to_ask_for() {
    let deployment = Deployment::new().await;
    let ada = deployment.visitor().register("ada").await;
    let messages: Vec<_> =
        (0..100).map(|n| json!({ "role": "user", "content": format!("Invoice {n} is paid") })).collect();
    let added = json!({ "messages": messages, "infer": false });
    ada.post("/v3/memories/add/", added).await.assert_status(200);
    let lengthen = "UPDATE memories SET content = repeat('\"', 29900) || content";
    deployment.database.superuser().await.batch_execute(lengthen).await.unwrap();

    let list = async |query: &str| ada.post(&format!("/v3/memories/?{query}"), json!({})).await;
    let part = list("cursor=&limit=1000").await.assert_status(200).json();
    assert!(part["next"].is_string() && part["results"].as_array().unwrap().len() < 100);
    list("page=1&page_size=1000").await.assert_problem(400, "invalid", Some("page_size"));
    let search = json!({ "query": "paid invoices", "top_k": 1000, "threshold": 0.0 });
    ada.post("/v3/memories/search/", search).await.assert_problem(400, "invalid", Some("top_k"));
    let tool = json!({ "name": "get_memories", "arguments": { "page_size": 100 } });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool });
    let call = ada
        .request(Method::POST, "/mcp")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-06-18")
        .json(&call);
    let told = ada.send(call).await.ok();
    assert_eq!((&told["id"], &told["result"]["isError"]), (&json!(1), &json!(true)), "{told}");
    let told = told["result"]["content"][0]["text"].as_str().unwrap();
    assert!(told.starts_with("the answer would have more than 5 MB"), "{told}");
    // A route that does not look for itself, and still leaves the caller with more than a bare 5xx.
    let refusal = ada.post("/v1/memories/hierarchical/", json!({ "per_level": 100 })).await;
    refusal.assert_problem(400, "invalid", None);
    assert!(refusal.header("x-request-id").is_some());
}

#[tokio::test]
async fn query_strings_and_paths_arrive_as_they_were_sent() {
    let deployment = Deployment::new().await;
    let ada = deployment.visitor().register("ada").await;
    for name in ["Ænima & Söhne", "Budget 50% + more"] {
        ada.post("/v1/organizations", json!({ "kind": "organization", "name": name }))
            .await
            .assert_status(201);
    }
    let first = ada.get("/v1/organizations?limit=1").await.assert_status(200).json();
    assert_eq!(first["results"].as_array().unwrap().len(), 1);
    let cursor = first["next"].as_str().unwrap();
    let second =
        ada.get(&format!("/v1/organizations?limit=1&cursor={cursor}")).await.assert_status(200).json();
    assert_eq!(second["results"].as_array().unwrap().len(), 1);
    assert_ne!(first["results"], second["results"]);
    ada.get("/v1/organizations?limit=one").await.assert_status(400);
    ada.get("/v1/organizations?colour=red").await.assert_status(400);

    let message = json!({
        "messages": [{ "role": "user", "content": "Rides a tandem." }], "infer": false, "user_id": "zoë+test@example.com",
    });
    ada.post("/v3/memories/add/", message).await.assert_status(200);
    let name = "zo%C3%AB%2Btest%40example.com";
    let gone = ada.send(ada.request(Method::DELETE, &format!("/v2/entities/user/{name}/"))).await;
    assert_eq!(gone.assert_status(200).json()["deleted"], 1, "{gone}");
}
