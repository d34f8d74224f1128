//! Steps that create, move and end nodes.

use serde_json::json;
use shared::access::ScopeKind;
use shared::tenancy::nodes::placement::may_stand_below;

use super::Pair;
use crate::harness::Client as _;
use crate::visibility::model::Spot;
use crate::visibility::steps::Step;

/// With these the tree is as deep as it can be.
const MOST_NODES: usize = 7;

impl Pair {
    pub(super) async fn perform_tree(&mut self, step: &Step) {
        match step {
            Step::Found { parent, team } => {
                let parent = self.node_or_root(*parent);
                let below = parent.map(|parent| self.model.nodes[&parent].kind);
                let kind = match below {
                    None => ScopeKind::Organization,
                    Some(ScopeKind::Team) => return,
                    Some(_) if *team => ScopeKind::Team,
                    Some(_) => ScopeKind::Division,
                };
                if self.model.nodes.len() < MOST_NODES {
                    self.found(parent, kind).await;
                }
            }
            Step::Move { node, parent } => {
                if let Some(node) = self.node(*node) {
                    // Rather a place where it may stand, and does not.
                    let mut places = vec![self.node_or_root(*parent)];
                    places.extend(self.places_for(node));
                    self.relocate(node, *parent.get(&places)).await;
                }
            }
            Step::Delete { node } => {
                if let Some(node) = self.node(*node) {
                    self.delete(node).await;
                }
            }
            _ => {}
        }
    }

    pub(super) async fn found(&mut self, parent: Option<usize>, kind: ScopeKind) -> usize {
        let number = self.nodes.len();
        let name = format!("node {number}");
        let node = match parent {
            None => self.owner().node(kind, &name).await,
            Some(parent) => self.owner().node_in(&self.nodes[parent], kind, &name).await,
        };
        self.nodes.push(node);
        self.model.nodes.insert(number, Spot { kind, parent });
        number
    }

    fn fits(&self, node: usize, parent: Option<usize>) -> bool {
        let above = parent.map_or(ScopeKind::Enterprise, |parent| self.model.nodes[&parent].kind);
        may_stand_below(self.model.nodes[&node].kind, above)
    }

    fn places_for(&self, node: usize) -> Vec<Option<usize>> {
        let all = self.model.nodes.keys().map(|place| Some(*place)).chain([None]);
        let others = all.filter(|place| *place != self.model.nodes[&node].parent);
        others.filter(|place| self.fits(node, *place) && !self.model.is_above(Some(node), *place)).collect()
    }

    async fn relocate(&mut self, node: usize, to: Option<usize>) {
        let parent = to.map(|to| self.nodes[to].id);
        let path = format!("{}/move", self.path_of(Some(node)));
        let answer = self.owner().post(&path, json!({ "parent": parent })).await;
        match () {
            () if self.model.nodes[&node].parent == to => drop(answer.ok()),
            () if !self.fits(node, to) => drop(answer.assert_status(400)),
            () if self.model.may_move(node, to) == 409 => drop(answer.assert_status(409)),
            () => {
                answer.ok();
                self.model.nodes.get_mut(&node).unwrap().parent = to;
            }
        }
    }

    async fn delete(&mut self, node: usize) {
        // What was shared until yesterday is in the way until somebody has tidied up.
        self.tidy().await;
        let answer = self.owner().delete(&self.path_of(Some(node))).await;
        if self.model.is_empty(node) {
            answer.ok();
            self.model.delete(node);
        } else {
            answer.assert_status(409);
        }
    }
}
