//! Random sequences of create, move and delete against a model in memory: every step is answered as the model expects,
//! and in the end the tree equals the model's, in the lists and in the stored paths.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::ids::NodeId;

use super::{text, tree};
use crate::harness::{Actor, Client as _, TestApp};

const KINDS: [&str; 5] = ["organization", "division", "department", "unit", "team"];

/// Nodes are chosen by an index into those that are there; the parent may also be the enterprise.
#[derive(Debug, Clone)]
enum Step {
    Create { kind: &'static str, parent: Index },
    Move { node: Index, parent: Index },
    Delete { node: Index },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![3 => Just("organization"), 4 => proptest::sample::select(&KINDS[..])];
    let step = prop_oneof![
        5 => (kind, any::<Index>()).prop_map(|(kind, parent)| Step::Create { kind, parent }),
        4 => (any::<Index>(), any::<Index>()).prop_map(|(node, parent)| Step::Move { node, parent }),
        1 => any::<Index>().prop_map(|node| Step::Delete { node }),
    ];
    prop::collection::vec(step, 1..40)
}

/// The tree as anyone would write it down: each node's kind and parent.
#[derive(Default)]
struct Model(BTreeMap<String, (&'static str, Option<String>)>);

impl Model {
    /// A node, or none for the enterprise.
    fn choose_parent(&self, index: Index) -> Option<String> {
        let chosen = index.index(self.0.len() + 1);
        self.0.keys().nth(chosen).cloned()
    }

    fn choose(&self, index: Index) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.keys().nth(index.index(self.0.len())).unwrap().clone())
    }

    fn kind(&self, node: Option<&str>) -> &'static str {
        node.map_or("enterprise", |node| self.0[node].0)
    }

    /// From the top down to the node itself.
    fn path(&self, node: Option<&str>) -> Vec<String> {
        let Some(node) = node else { return Vec::new() };
        let mut path = self.path(self.0[node].1.as_deref());
        path.push(node.to_owned());
        path
    }

    /// How many levels a node and what is below it take.
    fn height(&self, node: &str) -> usize {
        let children = self.0.iter().filter(|(_, (_, parent))| parent.as_deref() == Some(node));
        1 + children.map(|(child, _)| self.height(child)).max().unwrap_or(0)
    }

    fn allows(&self, kind: &str, parent: Option<&str>) -> bool {
        match self.kind(parent) {
            "enterprise" => kind == "organization",
            "organization" => true,
            "team" => false,
            _ => kind != "organization",
        }
    }

    /// The status that the step is to have.
    fn create(&self, kind: &str, parent: Option<&str>) -> u16 {
        match self.allows(kind, parent) {
            false => 400,
            true if 1 + self.path(parent).len() + 1 > 8 => 409,
            true => 201,
        }
    }

    fn relocate(&self, node: &str, parent: Option<&str>) -> u16 {
        let (kind, from) = &self.0[node];
        match () {
            () if from.as_deref() == parent => 200,
            () if !self.allows(kind, parent) => 400,
            () if self.path(parent).iter().any(|above| above == node) => 409,
            () if 1 + self.path(parent).len() + self.height(node) > 8 => 409,
            () => 200,
        }
    }
}

async fn perform(owner: &Actor, model: &mut Model, step: &Step) {
    match step {
        Step::Create { kind, parent } => {
            let parent = model.choose_parent(*parent);
            let body =
                json!({ "kind": kind, "name": format!("Node {}", TestApp::unique()), "parent": parent });
            let answer = owner.post("/v1/organizations", body).await;
            answer.assert_status(model.create(kind, parent.as_deref()));
            if answer.status.is_success() {
                model.0.insert(text(&answer.json()["id"]), (kind, parent));
            }
        }
        Step::Move { node, parent } => {
            let Some(node) = model.choose(*node) else { return };
            let parent = model.choose_parent(*parent);
            let path = format!("/v1/organizations/{node}/move");
            let answer = owner.post(&path, json!({ "parent": parent })).await;
            answer.assert_status(model.relocate(&node, parent.as_deref()));
            if answer.status.is_success() {
                model.0.get_mut(&node).unwrap().1 = parent;
            }
        }
        Step::Delete { node } => {
            let Some(node) = model.choose(*node) else { return };
            let leaf = model.height(&node) == 1;
            let answer = owner.delete(&format!("/v1/organizations/{node}")).await;
            answer.assert_status(if leaf { 204 } else { 409 });
            if leaf {
                model.0.remove(&node);
            }
        }
    }
}

async fn compare(app: &TestApp, owner: &Actor, model: &Model) {
    let shown: BTreeMap<_, _> = tree(owner).await.into_iter().map(|node| (text(&node["id"]), node)).collect();
    assert_eq!(shown.len(), model.0.len());
    for (id, node) in &shown {
        let mut path = model.path(Some(id));
        path.pop();
        assert_eq!(node["ancestors"], json!(path), "{id}");
        assert_eq!(node["parent"], path.last().map_or(Value::Null, |parent| json!(parent)), "{id}");
        assert_eq!(node["level"], path.len() + 2, "{id}");
    }
    let stored = "SELECT n.id, ARRAY(SELECT a.id FROM unnest(s.path) WITH ORDINALITY p(scope, at)
                                       JOIN sub_organizations a ON a.scope_id = p.scope ORDER BY p.at),
                         s.path[1] = $2 AND cardinality(s.path) = cardinality(p.path) + 1
                    FROM scopes s JOIN sub_organizations n ON n.scope_id = s.id JOIN scopes p ON p.id = s.parent_id
                   WHERE s.enterprise_id = $1";
    let client = app.database().superuser().await;
    let rows = client.query(stored, &[&owner.enterprise.uuid(), &owner.root.0]).await.unwrap();
    assert_eq!(rows.len(), model.0.len());
    for row in rows {
        let id = NodeId(row.get(0)).to_string();
        let path: Vec<_> = row.get::<_, Vec<_>>(1).into_iter().map(|id| NodeId(id).to_string()).collect();
        assert_eq!(path, model.path(Some(&id)));
        assert!(row.get::<_, bool>(2), "{id} hangs below the enterprise, one level below its parent");
    }
}

#[test]
fn any_sequence_of_changes_leaves_the_tree_of_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::new());
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let owner = app.owner("alice").await;
            let mut model = Model::default();
            for step in &steps {
                perform(&owner, &mut model, step).await;
            }
            compare(&app, &owner, &model).await;
        });
        Ok(())
    });
    outcome.unwrap();
    runtime.block_on(async { drop(app) });
}
