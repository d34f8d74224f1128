//! Many random concurrent changes: whatever came first, the result is a tree.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use tokio::task::JoinSet;

use super::make;
use crate::harness::{Actor, Answer, Client as _, TestApp, seeded};

/// How often one comes again: each waits for seconds before it is told to.
const MOST_ATTEMPTS: usize = 10;

/// One request; nodes are chosen among those that were there when the storm began.
#[derive(Debug, Clone)]
enum Change {
    Create { kind: &'static str, parent: Index },
    Move { node: Index, parent: Option<Index> },
    Delete { node: Index },
    Rename { node: Index },
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        5 => (index(), proptest::option::weighted(0.9, index()))
            .prop_map(|(node, parent)| Change::Move { node, parent }),
        2 => (select(&["organization", "division", "team"][..]), index())
            .prop_map(|(kind, parent)| Change::Create { kind, parent }),
        1 => index().prop_map(|node| Change::Delete { node }),
        1 => index().prop_map(|node| Change::Rename { node }),
    ]
}

/// Asks as clients do: whoever gets no connection in time, because all of them wait for one another's changes, is told to come
/// again (503 with `Retry-After`), and nothing has changed.
async fn perform(owner: Actor, nodes: Vec<String>, change: Change) -> u16 {
    for _ in 0..MOST_ATTEMPTS {
        let answer = ask(&owner, &nodes, &change).await;
        if answer.status != 503 {
            // Refused because of what others did meanwhile: gone, in the way, or of a kind that cannot stand there.
            assert!([200, 201, 204, 400, 404, 409].contains(&answer.status.as_u16()), "{change:?}: {answer}");
            return answer.status.as_u16();
        }
        answer.assert_problem(503, "unavailable", None);
    }
    panic!("{change:?} never got its turn");
}

async fn ask(owner: &Actor, nodes: &[String], change: &Change) -> Answer {
    match change {
        Change::Create { kind, parent } => {
            let body = json!({ "kind": kind, "name": "New", "parent": parent.get(nodes) });
            owner.post("/v1/organizations", body).await
        }
        Change::Move { node, parent } => {
            let body = json!({ "parent": parent.map(|parent| parent.get(nodes).clone()) });
            owner.post(&format!("/v1/organizations/{}/move", node.get(nodes)), body).await
        }
        Change::Delete { node } => owner.delete(&format!("/v1/organizations/{}", node.get(nodes))).await,
        Change::Rename { node } => {
            let path = format!("/v1/organizations/{}", node.get(nodes));
            owner.patch(&path, json!({ "name": "Renamed" })).await
        }
    }
}

/// Asserts that what the database holds is a tree below the enterprise, with the paths and levels that follow from it.
async fn assert_tree(app: &TestApp, owner: &Actor) {
    let wrong = "SELECT s.id, s.path, p.path FROM scopes s LEFT JOIN scopes p ON p.id = s.parent_id
                  WHERE s.enterprise_id = $1 AND s.id <> $2
                    AND (p.enterprise_id IS DISTINCT FROM s.enterprise_id OR s.path <> p.path || s.id
                         OR s.path[1] <> $2 OR cardinality(s.path) > 8
                         OR cardinality(s.path) <> (SELECT count(DISTINCT a) FROM unnest(s.path) a))";
    let client = app.database().superuser().await;
    let wrong = client.query(wrong, &[&owner.enterprise.uuid(), &owner.root.0]).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
    let lonely = "SELECT count(*) FROM scopes s
                   WHERE s.enterprise_id = $1 AND s.kind NOT IN ('enterprise', 'public', 'user')
                     AND NOT EXISTS (SELECT FROM sub_organizations n WHERE n.scope_id = s.id)";
    let lonely: i64 = client.query_one(lonely, &[&owner.enterprise.uuid()]).await.unwrap().get(0);
    assert_eq!(lonely, 0, "scopes without a node");
}

#[test]
fn any_changes_at_the_same_time_leave_a_tree() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::new());
    let config = Config { cases: 6, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, seeded());
    let storms = proptest::collection::vec(change(), 30);
    let outcome = runner.run(&storms, |changes| {
        runtime.block_on(async {
            let owner = app.owner("alice").await;
            let mut nodes = Vec::new();
            for chain in 0..4 {
                let mut parent = None;
                for kind in ["organization", "organization", "division", "team"] {
                    let name = format!("{kind} {chain}");
                    parent = Some(make(&owner, kind, &name, parent.as_deref()).await);
                    nodes.extend(parent.clone());
                }
            }
            let mut storm = JoinSet::new();
            for change in changes {
                storm.spawn(perform(owner.clone(), nodes.clone(), change));
            }
            let statuses = storm.join_all().await;
            assert!(statuses.iter().any(|status| *status < 300), "something came through: {statuses:?}");
            assert_tree(&app, &owner).await;
        });
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    runtime.block_on(async { drop(app) });
}
