//! Steps about what nodes and people leave behind.

use std::collections::BTreeSet;

use http::Method;
use proptest::sample::Index;
use serde_json::json;
use shared::ids::MemoryId;
use shared::tenancy::nodes::Members;
use tokio_postgres::types::ToSql;

use super::Pair;
use crate::harness::{Answer, Client as _};
use crate::visibility::model::{Memory, Place, RETENTION};
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
                let left = self.model.inactive.keys().copied();
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
            Step::CancelDissolution { node, heir } => {
                if let Some(node) = self.closing(*node) {
                    self.cancel_dissolution(node, self.heir(node, *heir)).await;
                }
            }
            Step::Outlast { leaver } => {
                // Rather somebody who leaves something to others, or leaves a context.
                let shared = (1..self.people.len()).filter(|person| self.shares_for_long(*person));
                let members = self.model.contexts.values().flat_map(|members| members.keys().copied());
                let left = shared.chain(members.filter(|person| *person > 0));
                let Some(leaver) = Self::choose(*leaver, left, self.people.len()) else { return };
                if leaver > 0 {
                    self.set_active(leaver, false).await;
                }
                self.pass(RETENTION);
                self.tidy().await;
            }
            _ => {}
        }
    }

    /// Whether something of their own is shared for longer than it is kept for them.
    fn shares_for_long(&self, person: usize) -> bool {
        let model = &self.model;
        model.grants.iter().filter(|grant| model.is_live(grant)).any(|grant| {
            let lasts = grant.until.is_none_or(|until| until > model.now + RETENTION);
            let theirs = |memory: &Memory| memory.home == Place::Personal(person);
            lasts && model.memories.get(&grant.memory).is_some_and(theirs)
        })
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

    async fn ask_to_dissolve(&self, node: usize, heir: Option<usize>, members: Members) -> Answer {
        let heir_id = match heir {
            heir if heir == self.model.nodes[&node].parent => "parent".to_owned(),
            None => "enterprise".to_owned(),
            Some(heir) => self.nodes[heir].id.to_string(),
        };
        let path = format!("{}/dissolve", self.path_of(Some(node)));
        self.owner().post(&path, json!({ "heir": heir_id, "members": members })).await
    }

    pub(super) async fn dissolve(&mut self, node: usize, heir: Option<usize>, members: Members) {
        // Two shares of the same become one, and what is over should not count.
        self.tidy().await;
        let answer = self.ask_to_dissolve(node, heir, members).await;
        let status = self.model.may_dissolve(node, heir);
        answer.assert_status(status);
        if status != 200 {
            return;
        }
        assert_eq!(answer.json()["status"], "done", "{answer}");
        let follows = members != Members::Leave && self.model.key_follows(node, heir);
        self.model.dissolve(node, heir, members);
        if let Some((_, within)) = &mut self.narrowed
            && *within == Some(node)
            && follows
        {
            *within = heir;
        }
    }

    /// Begins one that is more than a request does, and stops it; the message that it would have gone on with finds nothing
    /// to do.
    async fn cancel_dissolution(&mut self, node: usize, heir: Option<usize>) {
        self.tidy().await;
        self.crowd(node).await;
        let answer = self.ask_to_dissolve(node, heir, Members::Leave).await;
        match self.model.may_dissolve(node, heir) {
            200 => {
                let begun = answer.assert_status(202).json();
                let moved = self.not_at(node).await;
                self.model.dissolve_partly(node, heir, &moved);
                let path = format!("/v1/dissolutions/{}/cancel", begun["id"].as_str().unwrap());
                let cancelled = self.owner().call(Method::POST, &path, None).await.ok();
                assert_eq!(cancelled["status"], "cancelled", "{cancelled}");
                self.app.worker().deliver().await.unwrap();
            }
            refused => drop(answer.assert_status(refused)),
        }
        self.uncrowd().await;
    }

    /// As many more memories in a node as a request hands over. They are out of date, so that nobody finds them.
    async fn crowd(&self, node: usize) {
        let crowd = "INSERT INTO memories (enterprise_id, id, author_id, home_scope_id, scope_ids, content, fingerprint,
                                           capture_id, capture_position, created_at, updated_at, expires_on, classification)
                     SELECT $1, gen_random_uuid(), $2, $3::bigint, ARRAY[$3::bigint], 'a crowd', sha256(n::text::bytea),
                            gen_random_uuid(), 0, now(), now(), '2001-01-01', 'public' FROM generate_series(1, 1000) n";
        let owner = self.owner();
        let values: [&(dyn ToSql + Sync); 3] =
            [&owner.enterprise.uuid(), &owner.user.uuid(), &self.nodes[node].scope.0];
        self.app.database().superuser().await.execute(crowd, &values).await.unwrap();
    }

    async fn uncrowd(&self) {
        let database = self.app.database().superuser().await;
        database
            .batch_execute(
                "DELETE FROM memory_scopes WHERE memory_id IN (SELECT id FROM memories WHERE content = 'a crowd');
                 DELETE FROM memories WHERE content = 'a crowd'",
            )
            .await
            .unwrap();
    }

    /// Which memories are neither in a node nor shared with it.
    async fn not_at(&self, node: usize) -> BTreeSet<usize> {
        let elsewhere = "SELECT id FROM memories WHERE NOT scope_ids && ARRAY[$1::bigint]";
        let database = self.app.database().superuser().await;
        let rows = database.query(elsewhere, &[&self.nodes[node].scope.0]).await.unwrap();
        let ids: BTreeSet<String> = rows.iter().map(|row| MemoryId(row.get(0)).to_string()).collect();
        (0..self.memories.len()).filter(|number| ids.contains(&self.memories[*number])).collect()
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
            let (moved, kept, contexts) = self.model.reassign(leaver, heir);
            let told = answer.json();
            let told = [&told["memories"], &told["kept"], &told["contexts"]];
            assert_eq!(told, [moved, kept, contexts], "{answer}");
        }
    }
}
