//! Steps about what nodes and people leave behind.

use proptest::sample::Index;
use serde_json::json;
use shared::tenancy::nodes::Members;

use super::Pair;
use crate::harness::Client as _;
use crate::visibility::model::Place;
use crate::visibility::steps::Step;

impl Pair {
    pub(super) async fn perform_succession(&mut self, step: &Step) {
        match step {
            Step::Dissolve { node, heir, members } => {
                if let Some(node) = self.closing(*node) {
                    let heir = self.heir(node, *heir);
                    self.dissolve(node, heir, *members).await;
                }
            }
            Step::Reassign { leaver, heir } => {
                let left = self.model.inactive.iter().copied();
                let Some(leaver) = Self::choose(*leaver, left, self.people.len()) else { return };
                // Rather where so many would see it that some of it may have to stay.
                let anyone = self.place(*heir, 0..self.people.len());
                let nodes = self.model.nodes.keys().map(|node| Place::Node(*node));
                let heirs: Vec<Place> =
                    nodes.chain([Place::Enterprise, Place::Enterprise, anyone, anyone]).collect();
                let heir = *heir.get(&heirs);
                // Who has something to leave, leaves.
                let theirs = |home| home == Place::Personal(leaver);
                if leaver > 0 && self.model.memories.values().any(|memory| theirs(memory.home)) {
                    self.set_active(leaver, false).await;
                }
                self.reassign(leaver, heir).await;
            }
            _ => {}
        }
    }

    /// A node, rather one that something is shared with.
    fn closing(&self, index: Index) -> Option<usize> {
        let mut nodes: Vec<usize> = self.model.nodes.keys().copied().collect();
        let live = self.model.grants.iter().filter(|grant| self.model.is_live(grant));
        let given: Vec<usize> = live
            .filter_map(|grant| match grant.with {
                Place::Node(node) if self.model.memories.contains_key(&grant.memory) => Some(node),
                _ => None,
            })
            .collect();
        nodes.extend(given);
        (!nodes.is_empty()).then(|| *index.get(&nodes))
    }

    /// Every other time its parent.
    fn heir(&self, node: usize, index: Index) -> Option<usize> {
        let mut heirs: Vec<Option<usize>> = self.model.nodes.keys().map(|heir| Some(*heir)).collect();
        let all = heirs.len() + 1;
        heirs.push(None);
        heirs.extend(std::iter::repeat_n(self.model.nodes[&node].parent, all));
        *index.get(&heirs)
    }

    async fn dissolve(&mut self, node: usize, heir: Option<usize>, members: Members) {
        // Two shares of the same become one, and what is over should not count.
        self.tidy().await;
        let heir_id = match heir {
            heir if heir == self.model.nodes[&node].parent => "parent".to_owned(),
            None => "enterprise".to_owned(),
            Some(heir) => self.nodes[heir].id.to_string(),
        };
        let path = format!("{}/dissolve", self.path_of(Some(node)));
        let answer = self.owner().post(&path, json!({ "heir": heir_id, "members": members })).await;
        let status = self.model.may_dissolve(node, heir);
        answer.assert_status(status);
        if status != 200 {
            return;
        }
        assert_eq!(answer.json()["status"], "done", "{answer}");
        self.model.dissolve(node, heir, members);
        if let Some((_, within)) = &mut self.narrowed
            && *within == Some(node)
            && members != Members::Leave
        {
            *within = heir;
        }
    }

    async fn reassign(&mut self, leaver: usize, heir: Place) {
        let path = format!("/v1/users/{}/reassign-memories", self.people[leaver].user);
        let body = match heir {
            Place::Personal(person) => json!({ "user_id": self.people[person].user }),
            place => json!({ "scope": self.label(place) }),
        };
        let answer = self.owner().post(&path, body).await;
        let status = self.model.may_reassign(leaver, heir);
        answer.assert_status(status);
        if status == 200 {
            let (moved, kept) = self.model.reassign(leaver, heir);
            let told = answer.json();
            assert_eq!((&told["memories"], &told["kept"]), (&json!(moved), &json!(kept)), "{answer}");
        }
    }
}
