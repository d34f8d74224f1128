//! Concurrent changes: whichever comes first, the tree stays a tree, owners stay, nothing is lost.

use std::time::Duration;

use serde_json::{Value, json};
use shared::access::Role;
use shared::ids::MemoryId;
use tokio_postgres::Client as Connection;

use super::{make, tree};
use crate::harness::{Actor, Answer, Client as _, TestApp};

fn statuses<const N: usize>(answers: [&Answer; N]) -> [u16; N] {
    let mut statuses = answers.map(|answer| answer.status.as_u16());
    statuses.sort_unstable();
    statuses
}

async fn relocate(actor: &Actor, node: &str, parent: Option<&str>) -> Answer {
    actor.post(&format!("/v1/organizations/{node}/move"), json!({ "parent": parent })).await
}

#[tokio::test]
async fn two_moves_cannot_close_a_cycle_between_them() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let a = make(&alice, "organization", "A", None).await;
    let b = make(&alice, "organization", "B", None).await;
    for _ in 0..10 {
        let (one, two) = tokio::join!(relocate(&alice, &a, Some(&b)), relocate(&alice, &b, Some(&a)));
        assert_eq!(statuses([&one, &two]), [200, 409]);
        let levels: Vec<_> = tree(&alice).await.iter().map(|node| node["level"].as_u64().unwrap()).collect();
        assert!(levels == [2, 3] || levels == [3, 2], "{levels:?}");
        relocate(&alice, &a, None).await.ok();
        relocate(&alice, &b, None).await.ok();
    }
}

#[tokio::test]
async fn two_moves_cannot_make_the_tree_too_deep_between_them() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let mut tops = Vec::new();
    for number in 0..3 {
        let top = make(&alice, "organization", &format!("{number}"), None).await;
        let mut lowest = top.clone();
        for _ in 0..2 {
            lowest = make(&alice, "organization", "next", Some(&lowest)).await;
        }
        tops.push((top, lowest));
    }
    let (one, two) = tokio::join!(
        relocate(&alice, &tops[0].0, Some(&tops[1].1)),
        relocate(&alice, &tops[1].0, Some(&tops[2].1))
    );
    assert_eq!(statuses([&one, &two]), [200, 409]);
    assert!(tree(&alice).await.iter().all(|node| node["level"].as_u64().unwrap() <= 8));
}

#[tokio::test]
async fn the_last_two_owners_cannot_remove_each_other_or_themselves() {
    let (app, _, _) = TestApp::two_tenants().await;
    for _ in 0..5 {
        let alice = app.owner("alice").await;
        let olga = alice.enterprise_colleague("olga", Role::Owner).await;
        let path = |other: &Actor| format!("/v1/enterprise/members/{}", other.user);
        let lower = json!({ "role": "admin" });
        let (hers, other) = (path(&alice), path(&olga));
        let (one, two) = tokio::join!(alice.put(&other, lower.clone()), olga.put(&hers, lower.clone()));
        assert_eq!(statuses([&one, &two]), [200, 403]);

        let alice = app.owner("alice").await;
        let olga = alice.enterprise_colleague("olga", Role::Owner).await;
        let (hers, other) = (path(&alice), path(&olga));
        let (one, two) = tokio::join!(alice.delete(&hers), olga.delete(&other));
        assert_eq!(statuses([&one, &two]), [204, 409]);

        let alice = app.owner("alice").await;
        let olga = alice.enterprise_colleague("olga", Role::Owner).await;
        let end = format!("/v1/users/{}/deactivate", olga.user);
        let hers = path(&alice);
        let (one, two) = tokio::join!(alice.post(&end, json!({})), alice.delete(&hers));
        // Whoever left first is no administrator any more, and if they came later than that, knows of nobody.
        assert!(matches!(statuses([&one, &two]), [200, 409] | [204, 403 | 404]), "{one} {two}");
    }
}

#[tokio::test]
async fn nothing_is_made_below_a_node_that_goes() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    for number in 0..10 {
        let parent = make(&alice, "organization", &format!("Energy {number}"), None).await;
        let body = json!({ "kind": "team", "name": "Late", "parent": parent });
        let path = format!("/v1/organizations/{parent}");
        let (made, gone) = tokio::join!(alice.post("/v1/organizations", body), alice.delete(&path));
        assert!(matches!(statuses([&made, &gone]), [201, 409] | [204, 404]), "{made} {gone}");
    }
}

/// A memory as its function will store it, in a transaction that stays open.
async fn begin_memory(
    connection: &Connection,
    owner: &Actor,
    node: &str,
) -> Result<(), tokio_postgres::Error> {
    let insert = "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                        capture_id, capture_position, embedding, embedding_model, created_at, updated_at)
        SELECT $1, $2, $3, $4, ARRAY[$4::bigint], 'the key is under the mat', '', $2, 0,
               array_fill(0.0625::real, ARRAY[256])::halfvec, 'test', now(), now()";
    let id: shared::ids::NodeId = node.parse().unwrap();
    let scope = "SELECT scope_id FROM sub_organizations WHERE id = $1";
    let scope = connection.query_opt(scope, &[&id.uuid()]).await?.map_or(i64::MAX, |row| row.get(0));
    connection.batch_execute("BEGIN").await?;
    let memory = MemoryId::generate().uuid();
    let (tenant, author) = (owner.enterprise.uuid(), owner.user.uuid());
    connection.execute(insert, &[&tenant, &memory, &author, &scope]).await.map(drop)
}

#[tokio::test]
async fn a_node_is_not_deleted_under_a_memory_that_is_being_written() {
    let (app, alice, _) = TestApp::two_tenants().await;
    let energy = make(&alice, "organization", "Energy", None).await;
    let path = format!("/v1/organizations/{energy}");
    let connection = app.database().superuser().await;
    begin_memory(connection, &alice, &energy).await.unwrap();
    let deletion = alice.delete(&path);
    tokio::pin!(deletion);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut deletion).await;
    assert!(early.is_err(), "the deletion did not wait: {early:?}");
    connection.batch_execute("COMMIT").await.unwrap();
    let detail = deletion.await.assert_problem(409, "conflict", None);
    assert_eq!(detail, "this organization is not empty: 1 memory that lives here");

    connection.batch_execute("UPDATE memories SET deleted_at = now()").await.unwrap();
    alice.delete(&path).await.assert_status(204);
    let error = begin_memory(connection, &alice, &energy).await.unwrap_err();
    assert_eq!(error.as_db_error().unwrap().constraint(), Some("memories_scopes"));
}

#[tokio::test]
async fn renaming_and_moving_at_once_loses_neither() {
    let (_app, alice, _) = TestApp::two_tenants().await;
    let a = make(&alice, "organization", "A", None).await;
    let b = make(&alice, "organization", "B", None).await;
    let path = format!("/v1/organizations/{a}");
    let (moved, renamed, configured) = tokio::join!(
        relocate(&alice, &a, Some(&b)),
        alice.patch(&path, json!({ "name": "C" })),
        alice.patch(&path, json!({ "settings": { "k": 1 } })),
    );
    assert_eq!(statuses([&moved, &renamed, &configured]), [200; 3]);
    let node = alice.get(&path).await.ok();
    let expected: [(&str, Value); 3] =
        [("name", json!("C")), ("parent", json!(b)), ("settings", json!({ "k": 1 }))];
    for (field, value) in expected {
        assert_eq!(node[field], value, "{field}");
    }
}
