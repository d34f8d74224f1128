//! `GET /v1/memories/{id}/history/`.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{one, remember, remember_with, team};
use crate::harness::{Actor, Client as _, TestApp};

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

/// Whoever sees it only because it is of a lower class now does not see what it was before.
#[tokio::test]
async fn what_was_of_a_higher_class_is_for_those_of_its_home() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await;
    let max = alice.colleague("max", &alpha, Role::Viewer).await;
    let bob = alice.stranger("bob").await;
    let secret = json!({ "scope": alpha.label(), "classification": "restricted" });
    let id = remember_with(&ann, "The price is 42 million", secret).await;
    ann.put(&one(&id), json!({ "text": "We may merge", "classification": "internal" })).await.ok();
    ann.put(&one(&id), json!({ "text": "We merge" })).await.ok();
    let with = json!({ "with": format!("person:{}", bob.user) });
    ann.post(&format!("/v1/memories/{id}/shares/"), with).await.ok();
    let numbers = async |actor: &Actor| {
        let versions = actor.get(&format!("/v1/memories/{id}/history/")).await.ok();
        let versions =
            versions.as_array().unwrap().iter().map(|version| version["version"].as_i64().unwrap());
        versions.collect::<Vec<_>>()
    };
    assert_eq!((numbers(&ann).await, numbers(&max).await), (vec![1, 2, 3], vec![1, 2, 3]));
    assert_eq!(numbers(&bob).await, [3]);
    // Nor where more people live than might have seen it.
    let up = json!({ "user_id": ann.user, "role": "member" });
    alice.post(&format!("/v1/organizations/{}/members", north.id), up).await.ok();
    ann.put(&format!("/v1/memories/{id}/scope/"), json!({ "scope": north.label() })).await.ok();
    assert_eq!(numbers(&max).await, [3, 4]);
}

/// The number, the text before and what was said, of every version that somebody sees.
async fn versions(actor: &Actor, id: &str) -> Vec<(i64, Value, usize)> {
    let versions = actor.get(&format!("{}history/", one(id))).await.ok();
    let version = |version: &Value| {
        let said = version["input"].as_array().unwrap().len();
        (version["version"].as_i64().unwrap(), version["old_memory"].clone(), said)
    };
    versions.as_array().unwrap().iter().map(version).collect()
}

#[tokio::test]
async fn what_is_shared_is_shown_from_then_on() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
    let ann = alice.colleague("ann", &alpha, Role::Member).await.with_api_key().await;
    let max = alice.colleague("max", &alpha, Role::Viewer).await.with_api_key().await;
    let bob = alice.stranger("bob").await;
    let id = remember_with(&ann, "We merge with Beta", json!({ "scope": alpha.label() })).await;
    let say = async |text: &str| ann.put(&one(&id), json!({ "text": text })).await.ok();
    say("The canteen opens at noon").await;
    let shares = format!("/v1/memories/{id}/shares/");
    let with = json!({ "with": format!("person:{}", bob.user), "permission": "write" });
    let share = ann.post(&shares, with.clone()).await.ok();
    assert_eq!(versions(&bob, &id).await, [(2, Value::Null, 0)]);
    bob.put(&one(&id), json!({ "text": "The canteen opens at one" })).await.ok();
    let seen = [(2, Value::Null, 0), (3, json!("The canteen opens at noon"), 1)];
    assert_eq!(versions(&bob, &id).await, seen);
    // Other terms, the same share.
    let again = json!({ "with": with["with"], "permission": "read" });
    ann.post(&shares, again.clone()).await.ok();
    assert_eq!(versions(&bob, &id).await, seen);
    // A new one begins anew.
    ann.delete(&format!("{shares}{}/", share["share"]["id"].as_str().unwrap())).await.ok();
    say("We merge with Gamma").await;
    say("The canteen opens at two").await;
    ann.post(&shares, again).await.ok();
    assert_eq!(versions(&bob, &id).await, [(5, Value::Null, 0)]);
    // One that has expired, too, whether or not that was cleaned up.
    let cas = alice.stranger("cas").await.with_api_key().await;
    let end = app.now() + TimeDelta::days(1);
    let lent = json!({ "with": format!("person:{}", cas.user), "expires_at": end });
    ann.post(&shares, lent.clone()).await.ok();
    assert_eq!(versions(&cas, &id).await, [(5, Value::Null, 0)]);
    app.advance(TimeDelta::days(2));
    say("The canteen opens at three").await;
    ann.post(&shares, json!({ "with": lent["with"] })).await.ok();
    assert_eq!(versions(&cas, &id).await, [(6, Value::Null, 0)]);
    // Or if it was shared in another way: alone, and then in a context.
    let dan = alice.stranger("dan").await.with_api_key().await;
    let lent =
        json!({ "with": format!("person:{}", dan.user), "expires_at": app.now() + TimeDelta::days(1) });
    ann.post(&shares, lent.clone()).await.ok();
    app.advance(TimeDelta::days(2));
    say("The canteen opens at four").await;
    let launch = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let launch = launch["id"].as_str().unwrap();
    let in_context = format!("/v1/contexts/{launch}/shares/");
    ann.post(&in_context, json!({ "with": lent["with"] })).await.ok();
    ann.post(&shares, json!({ "with": format!("context:{launch}") })).await.ok();
    assert_eq!(versions(&dan, &id).await, [(7, Value::Null, 0)]);
    // In a context, and then alone.
    let eve = alice.stranger("eve").await.with_api_key().await;
    let lent =
        json!({ "with": format!("person:{}", eve.user), "expires_at": app.now() + TimeDelta::days(1) });
    ann.post(&in_context, lent.clone()).await.ok();
    assert_eq!(versions(&eve, &id).await, [(7, Value::Null, 0)]);
    app.advance(TimeDelta::days(2));
    say("The canteen opens at five").await;
    ann.post(&shares, json!({ "with": lent["with"] })).await.ok();
    assert_eq!(versions(&eve, &id).await, [(8, Value::Null, 0)]);
    // Those where it lives see all of it.
    let all: Vec<i64> = versions(&max, &id).await.into_iter().map(|(number, ..)| number).collect();
    assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn what_comes_into_a_context_or_is_shared_with_it_is_shown_from_then_on() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let [ann, bob, cas] =
        [alice.stranger("ann").await, alice.stranger("bob").await, alice.stranger("cas").await];
    for who in [&ann, &bob, &cas] {
        let joined = json!({ "user_id": who.user, "role": "member" });
        alice.post("/v1/enterprise/members", joined).await.ok();
    }
    let context = ann.post("/v1/contexts/", json!({ "name": "Launch" })).await.ok();
    let context = context["id"].as_str().unwrap();
    let scope = format!("context:{context}");
    let joined = json!({ "user_id": bob.user, "role": "viewer" });
    ann.post(&format!("/v1/contexts/{context}/members/"), joined).await.ok();
    let pinned = remember(&ann, "We merge with Beta").await;
    let inside = remember_with(&ann, "We merge with Gamma", json!({ "scope": scope })).await;
    for id in [&pinned, &inside] {
        ann.put(&one(id), json!({ "text": format!("{id} is for later") })).await.ok();
    }
    ann.post(&format!("/v1/memories/{pinned}/shares/"), json!({ "with": scope })).await.ok();
    assert_eq!(versions(&bob, &pinned).await, [(2, Value::Null, 0)]);
    assert_eq!(versions(&bob, &inside).await.len(), 2, "it lives there");
    ann.put(&one(&inside), json!({ "text": "The launch is in May" })).await.ok();
    let with = json!({ "with": format!("person:{}", cas.user) });
    ann.post(&format!("/v1/contexts/{context}/shares/"), with).await.ok();
    assert_eq!(versions(&cas, &pinned).await, [(2, Value::Null, 0)]);
    assert_eq!(versions(&cas, &inside).await, [(3, Value::Null, 0)]);
    // What moves is shown with all that it said, to those where it lives, and not to others.
    let own = remember(&ann, "We merge with Delta").await;
    ann.put(&one(&own), json!({ "text": "The launch is in June" })).await.ok();
    ann.put(&format!("/v1/memories/{own}/scope/"), json!({ "scope": scope })).await.ok();
    assert_eq!(versions(&bob, &own).await.len(), 3);
    assert_eq!(versions(&cas, &own).await, [(3, Value::Null, 0)]);
}
