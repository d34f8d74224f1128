//! How people manage the applications that they have authorized.

use serde_json::json;

use super::{assert_refused, refresh, token};
use crate::harness::{Client as _, TestApp, tokens};

#[tokio::test]
async fn they_are_listed_and_can_be_taken_back() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.registered("ada").await, app.registered("bob").await);
    let (client, answer) = tokens(&app, &ada.email, &json!({ "resource": "https://mem0.test" })).await;
    tokens(&app, &ada.email, &json!({ "scope": "memories:read" })).await;
    let list = ada.get("/v1/auth/applications").await;
    insta::assert_json_snapshot!(list.snapshot(), {
        ".results[].client_id" => "[client]",
    }, @r#"
    {
      "next": null,
      "results": [
        {
          "client_id": "[client]",
          "created_at": "2026-03-02T09:00:00Z",
          "expires_at": "2027-03-02T09:00:00Z",
          "id": "[gnt#1]",
          "ip": null,
          "last_used_at": "2026-03-02T09:00:00Z",
          "name": "Northwind Assistant",
          "resource": "https://mem0.test/mcp",
          "scopes": [
            "memories:read"
          ]
        },
        {
          "client_id": "[client]",
          "created_at": "2026-03-02T09:00:00Z",
          "expires_at": "2027-03-02T09:00:00Z",
          "id": "[gnt#2]",
          "ip": null,
          "last_used_at": "2026-03-02T09:00:00Z",
          "name": "Northwind Assistant",
          "resource": "https://mem0.test",
          "scopes": [
            "memories:read",
            "memories:write"
          ]
        }
      ]
    }
    "#);
    let page = ada.get("/v1/auth/applications?limit=1").await.ok();
    let rest = format!("/v1/auth/applications?limit=1&cursor={}", page["next"].as_str().unwrap());
    let id = ada.get(&rest).await.ok()["results"][0]["id"].as_str().unwrap().to_owned();

    let path = format!("/v1/auth/applications/{id}");
    bob.delete(&path).await.assert_problem(404, "not-found", None);
    let assistant = ada.with_token(answer["access_token"].as_str().unwrap());
    assistant.get("/v1/ping/").await.assert_status(200);
    // An application neither lists nor ends applications, nor makes keys.
    for path in ["/v1/auth/applications", "/v1/auth/sessions", "/v1/api-keys"] {
        assistant.get(path).await.assert_problem(403, "forbidden", None);
    }
    assistant.delete(&path).await.assert_problem(403, "forbidden", None);
    assert_eq!(assistant.get("/v1/auth/me").await.ok()["credential"]["type"], "application");

    ada.delete(&path).await.assert_status(204);
    ada.delete(&path).await.assert_status(204);
    assistant.get("/v1/ping/").await.assert_problem(401, "unauthenticated", None);
    assert_refused(&token(&app, refresh(&client, &answer["refresh_token"])).await, 400, "invalid_grant");
    assert_eq!(ada.get("/v1/auth/applications").await.ok()["results"].as_array().unwrap().len(), 1);
    // They are no sessions to the person: one of the registration, and one of each browser.
    assert_eq!(ada.get("/v1/auth/sessions").await.ok()["results"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn logging_out_everywhere_ends_them_too() {
    let app = TestApp::new().await;
    let ada = app.registered("ada").await;
    let (client, answer) = tokens(&app, &ada.email, &json!({})).await;
    ada.post("/v1/auth/logout-everywhere", json!({})).await.assert_status(204);
    assert_refused(&token(&app, refresh(&client, &answer["refresh_token"])).await, 400, "invalid_grant");
}
