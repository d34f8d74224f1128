//! Operations on many memories at once log each of them, so that the log of one memory shows what happened to it.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::{remember, rows};
use crate::harness::{Actor, Client as _, TestApp};

/// What the log says happened last to a memory, and the tags of that.
async fn last(owner: &Actor, memory: &str) -> (String, Vec<String>) {
    let found = owner.get(&format!("/v1/audit?memory={memory}&limit=1")).await.ok();
    let row = &found["results"][0];
    let tags = row["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned());
    (row["action"].as_str().unwrap().to_owned(), tags.collect())
}

#[tokio::test]
async fn a_sweep_names_what_it_took_and_how_confidential_it_was() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let secret = json!({ "run_id": "r", "classification": "restricted" });
    let mut swept = Vec::new();
    for n in 0..3 {
        swept.push(remember(&alice, &format!("Secret number {n}"), secret.clone()).await);
    }
    let labelled = remember(&alice, "Ada keeps bees", json!({ "user_id": "ada" })).await;
    assert_eq!(alice.delete("/v1/memories/?run_id=r").await.ok()["deleted"], 3);
    assert_eq!(alice.delete("/v2/entities/user/ada/").await.ok()["deleted"], 1);
    for memory in &swept {
        let (action, tags) = last(&alice, memory).await;
        assert_eq!(action, "memory.forget_where");
        assert!(tags.contains(&"class:restricted".to_owned()), "{tags:?}");
    }
    let (action, tags) = last(&alice, &labelled).await;
    assert_eq!(action, "memory.forget_where");
    assert!(tags.contains(&"class:internal".to_owned()), "{tags:?}");
}

/// More than one row names.
const MANY: i32 = 2300;

/// Copies a memory.
async fn multiply(app: &TestApp, memory: &str) {
    let copy = "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                      capture_id, capture_position, created_at, updated_at, classification)
                SELECT enterprise_id, gen_random_uuid(), author_id, home_scope_id, scope_ids, 'copy number ' || n,
                       sha256(n::text::bytea), gen_random_uuid(), 0, created_at, updated_at, classification
                  FROM memories, generate_series(1, $2::integer) n WHERE id = $1";
    let id: shared::ids::MemoryId = memory.parse().unwrap();
    app.database().superuser().await.execute(copy, &[&id.uuid(), &MANY]).await.unwrap();
}

/// How many memories each row of these names, and all of them together, each once.
async fn named(app: &TestApp, owner: &Actor, actions: [&str; 2]) -> (Vec<usize>, usize) {
    let rows = rows(app, owner.enterprise, 0).await;
    let rows = rows.iter().filter(|row| actions.contains(&row["action"].as_str().unwrap()));
    let ids: Vec<&Vec<Value>> = rows.map(|row| row["memory_ids"].as_array().unwrap()).collect();
    let each: std::collections::BTreeSet<&str> =
        ids.iter().flat_map(|ids| *ids).map(|id| id.as_str().unwrap()).collect();
    (ids.iter().map(|ids| ids.len()).collect(), each.len())
}

#[tokio::test]
async fn what_is_too_much_for_a_row_is_in_several() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let first = remember(&alice, "The first of very many", json!({})).await;
    multiply(&app, &first).await;
    let all = "/v1/memories/?filters=%7B%22created_at%22%3A%7B%22gte%22%3A%222020-01-01%22%7D%7D";
    assert_eq!(alice.delete(all).await.ok()["deleted"], MANY + 1);
    let (sizes, distinct) = named(&app, &alice, ["memory.forget_where", ""]).await;
    assert_eq!((sizes, distinct), (vec![1000, 1000, 301], 2301));
    let listed = alice.get("/v1/audit?action=memory.forget_where").await.ok();
    let part = |row: usize| listed["results"][row]["details"]["part"].clone();
    let mut parts = [part(0), part(1), part(2)];
    parts.sort_by_key(|part| part["number"].as_i64());
    assert_eq!(parts[2], json!({ "number": 3, "of": 3 }));
}

#[tokio::test]
async fn whatever_an_heir_gets_is_named() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let north = alice.node(ScopeKind::Organization, "North").await;
    let lines = alice.node_in(&north, ScopeKind::Team, "Lines").await;
    let of_team = remember(&alice, "The team has a lamp", json!({ "scope": lines.label() })).await;
    multiply(&app, &of_team).await;
    let wish = json!({ "heir": "parent", "members": "leave" });
    alice.post(&format!("/v1/organizations/{}/dissolve", lines.id), wish).await.assert_status(202);
    app.worker().deliver().await.unwrap();
    let (sizes, distinct) =
        named(&app, &alice, ["organization.hand_over_memories", "organization.dissolve"]).await;
    assert_eq!((sizes, distinct), (vec![1000, 1000, 301], 2301));

    let mia = alice.enterprise_colleague("mia", Role::Member).await;
    let of_mia = remember(&mia, "Mia has a lamp", json!({})).await;
    alice.post(&format!("/v1/users/{}/deactivate", mia.user), json!({})).await.ok();
    // Nobody gets a leaver's memories alone.
    alice.colleague("kim", &north, Role::Viewer).await;
    let heir = json!({ "scope": north.label() });
    alice.post(&format!("/v1/users/{}/reassign-memories", mia.user), heir).await.ok();
    assert_eq!(last(&alice, &of_mia).await.0, "account.reassign_memories");
}
