//! `GET /v1/memories/{id}/history/`.

use chrono::TimeDelta;
use serde_json::json;
use shared::access::Role;

use super::{one, remember_with, team};
use crate::harness::{Client as _, TestApp};

#[tokio::test]
async fn every_change_is_a_version() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let id = remember_with(&alice, "I prefer tea", json!({ "user_id": "alice" })).await;
    app.advance(TimeDelta::minutes(1));
    alice.put(&one(&id), json!({ "text": "I prefer cocoa" })).await.ok();
    app.advance(TimeDelta::minutes(1));
    alice.put(&one(&id), json!({ "metadata": { "a": 1 } })).await.ok();
    let history = format!("{}history/", one(&id));
    let before = alice.get(&history).await;
    app.advance(TimeDelta::minutes(1));
    alice.delete(&one(&id)).await.ok();
    let versions = alice.get(&history).await;
    assert_eq!(versions.ok().as_array().unwrap()[..3], before.ok().as_array().unwrap()[..]);
    insta::assert_json_snapshot!(versions.snapshot(), {
        "[].agent_id" => insta::dynamic_redaction(|value, _| { assert!(value.is_nil()); "" }),
        "[].app_id" => insta::dynamic_redaction(|value, _| { assert!(value.is_nil()); "" }),
        "[].session_id" => insta::dynamic_redaction(|value, _| { assert!(value.is_nil()); "" }),
    }, @r#"
    [
      {
        "agent_id": "",
        "app_id": "",
        "categories": [],
        "classification": "internal",
        "created_at": "2026-03-02T09:00:00Z",
        "editor_id": "[usr#1]",
        "event": "ADD",
        "id": "[ver#1]",
        "input": [
          {
            "content": "I prefer tea",
            "role": "user"
          }
        ],
        "memory_id": "[mem#1]",
        "metadata": {},
        "new_memory": "I prefer tea",
        "old_memory": null,
        "session_id": "",
        "updated_at": "2026-03-02T09:00:00Z",
        "user_id": "alice",
        "version": 1
      },
      {
        "agent_id": "",
        "app_id": "",
        "categories": [],
        "classification": "internal",
        "created_at": "2026-03-02T09:01:00Z",
        "editor_id": "[usr#1]",
        "event": "UPDATE",
        "id": "[ver#2]",
        "input": [
          {
            "content": "I prefer cocoa",
            "role": "user"
          }
        ],
        "memory_id": "[mem#1]",
        "metadata": {},
        "new_memory": "I prefer cocoa",
        "old_memory": "I prefer tea",
        "session_id": "",
        "updated_at": "2026-03-02T09:01:00Z",
        "user_id": "alice",
        "version": 2
      },
      {
        "agent_id": "",
        "app_id": "",
        "categories": [],
        "classification": "internal",
        "created_at": "2026-03-02T09:02:00Z",
        "editor_id": "[usr#1]",
        "event": "UPDATE",
        "id": "[ver#3]",
        "input": [],
        "memory_id": "[mem#1]",
        "metadata": {
          "a": 1
        },
        "new_memory": "I prefer cocoa",
        "old_memory": "I prefer cocoa",
        "session_id": "",
        "updated_at": "2026-03-02T09:02:00Z",
        "user_id": "alice",
        "version": 3
      },
      {
        "agent_id": "",
        "app_id": "",
        "categories": [],
        "classification": "internal",
        "created_at": "2026-03-02T09:03:00Z",
        "editor_id": "[usr#1]",
        "event": "DELETE",
        "id": "[ver#4]",
        "input": [],
        "memory_id": "[mem#1]",
        "metadata": {
          "a": 1
        },
        "new_memory": null,
        "old_memory": "I prefer cocoa",
        "session_id": "",
        "updated_at": "2026-03-02T09:03:00Z",
        "user_id": "alice",
        "version": 4
      }
    ]
    "#);
}

#[tokio::test]
async fn the_history_of_what_was_forgotten_is_for_those_who_could_change_it() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let team = team(&alice, "Alpha").await;
    let mia = alice.colleague("mia", &team, Role::Member).await;
    let max = alice.colleague("max", &team, Role::Member).await;
    let id = remember_with(&mia, "The release is on Friday", json!({ "scope": team.label() })).await;
    let history = format!("{}history/", one(&id));
    assert_eq!(max.get(&history).await.ok().as_array().unwrap().len(), 1);
    mia.delete(&one(&id)).await.ok();
    max.get(&history).await.assert_problem(404, "not-found", None);
    for editor in [&mia, &alice] {
        assert_eq!(editor.get(&history).await.ok().as_array().unwrap().len(), 2);
    }
}
