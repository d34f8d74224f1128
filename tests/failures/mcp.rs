//! An MCP client whose server loses its database in the middle of a conversation.

use http::StatusCode;
use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};

use super::{Environment, memories};
use crate::database_login::Rds;

#[tokio::test]
async fn an_mcp_client_is_told_to_come_again_and_goes_on_where_it_was() {
    let rds = Rds::start("right", false).await;
    let environment = Environment::new(&rds).await;
    let token = environment.register().await;
    let url = format!("{}/mcp", environment.serve().await);
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str()).auth_header(&token);
    let transport = StreamableHttpClientTransport::with_client(reqwest::Client::default(), config);
    let client = ().serve(transport).await.unwrap();
    let call = async |name: &'static str, arguments: Value| {
        let arguments = arguments.as_object().unwrap().clone();
        client.call_tool(CallToolRequestParams::new(name).with_arguments(arguments)).await
    };
    call("add_memory", json!({ "text": "Tea is at four" })).await.unwrap();

    rds.front.refuse(true);
    rds.end_sessions().await;
    let refused = call("add_memory", json!({ "text": "Supper is at eight" })).await;
    let said = refused.map(|answer| serde_json::to_value(answer).unwrap());
    assert!(!matches!(&said, Ok(answer) if answer["isError"] != true), "{said:?}");
    // What its transport was told, in the words of HTTP.
    let tool = json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": "add_memory", "arguments": { "text": "Supper is at eight" } },
    });
    let answer = environment.post("/mcp", &token, None, tool).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
    assert!(answer.retry_after.is_some(), "{}", answer.body);

    rds.front.refuse(false);
    call("add_memory", json!({ "text": "Supper is at eight" })).await.unwrap();
    let found = call("search_memories", json!({ "query": "when is supper?" })).await.unwrap();
    let found = serde_json::to_value(found).unwrap();
    let best = &found["structuredContent"]["results"][0]["memory"];
    assert_eq!(best, "Supper is at eight", "{found}");
    assert_eq!(memories(&rds).await, 2);
    client.cancel().await.unwrap();
}
