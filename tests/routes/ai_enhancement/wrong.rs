//! Invalid requests: each error names the place and what would be right.

use serde_json::{Value, json};

use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn each_wrong_request_says_what_is_wrong_with_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let refused = async |body: Value, field: &str, says: &str| {
        let answer = alice.post("/enhance", body).await;
        let detail = answer.assert_problem(400, "invalid", Some(field));
        assert!(detail.contains(says), "{field}: {detail}");
    };
    let id = "mem_00000000000000000000000000";
    refused(json!({}), "prompt", "send prompt or messages").await;
    refused(json!({ "prompt": " " }), "prompt", "must not be empty").await;
    refused(json!({ "prompt": "a", "messages": [] }), "messages", "send one of them").await;
    refused(json!({ "messages": [] }), "messages", "role \"user\"").await;
    refused(json!({ "messages": [{ "role": "boss", "content": "a" }] }), "messages[0].role", "one of system")
        .await;
    refused(json!({ "prompt": "x".repeat(200_001) }), "prompt", "at most 200000 characters").await;
    refused(json!({ "prompt": "a", "top_k": 0 }), "top_k", "from 1 to 100").await;
    refused(json!({ "prompt": "a", "top_k": 101 }), "top_k", "from 1 to 100").await;
    refused(json!({ "prompt": "a", "top_k": -1 }), "top_k", "from 1 to 100").await;
    refused(json!({ "prompt": "a", "threshold": 2 }), "threshold", "from 0 to 1").await;
    refused(json!({ "prompt": "a", "max_tokens": 0 }), "max_tokens", "from 1 to 100000").await;
    refused(json!({ "prompt": "a", "scope": "moon" }), "scope", "moon").await;
    refused(json!({ "prompt": "a", "filters": { "nonsense": 1 } }), "filters.nonsense", "").await;
    refused(json!({ "prompt": "a", "format": "xml" }), "format", "prompt").await;
    refused(json!({ "prompt": "a", "include": ["x"] }), "include[0]", "mem_").await;
    refused(json!({ "prompt": "a", "include": vec![id; 101] }), "include", "at most 100").await;
    refused(json!({ "prompt": "a", "include": [id], "exclude": [id] }), "include[0]", "in exclude").await;
    alice
        .post(
            "/enhance",
            json!({ "prompt": "a", "scope": format!("team:{}", "org_00000000000000000000000000") }),
        )
        .await
        .assert_problem(404, "not-found", None);
}
