//! The state before the first step: enough of everything for each kind of step.

use chrono::TimeDelta;
use serde_json::json;
use shared::access::{Classification, Role, ScopeKind};
use shared::memory::Permission;

use super::Pair;
use crate::harness::{Client as _, TestApp};
use crate::visibility::model::{Holder, Model, Place, RETENTION, Wish};

/// People besides the owner. Nobody else knows of the tenant beside them.
const PEOPLE: usize = 3;

impl Pair {
    /// An organization with a division, a team in that and a team beside it, another organization, people and a group who know
    /// some of it, a context of two of them, memories everywhere, some of which are shared, and a key that is narrowed.
    ///
    /// `fault` is SQL that breaks the product.
    pub(in crate::visibility) async fn new(fault: Option<&str>) -> Self {
        let app = TestApp::new().await;
        if let Some(fault) = fault {
            app.database().superuser().await.batch_execute(fault).await.unwrap();
        }
        let owner = app.owner("owner").await;
        // Somebody else's memory, which nobody here must ever see.
        let elsewhere = app.owner("elsewhere").await;
        let body = json!({ "messages": "The walrus of another tenant", "infer": false, "scope": "public" });
        elsewhere.post("/v3/memories/add/", body).await.ok();
        let mut people = vec![owner.clone()];
        for number in 1..=PEOPLE {
            people.push(owner.stranger(&format!("person{number}")).await);
        }
        let group = owner.post("/v1/enterprise/groups", json!({ "name": "group" })).await.ok();
        let mut pair = Self {
            model: Model::new(app.now()),
            key: owner.clone(),
            narrowed: None,
            app,
            people,
            nodes: Vec::new(),
            contexts: Vec::new(),
            memories: Vec::new(),
            shares: Vec::new(),
            loans: Vec::new(),
            requests: Vec::new(),
            delegations: Vec::new(),
            steps: 0,
            group: group["id"].as_str().unwrap().to_owned(),
            seen: std::collections::BTreeMap::new(),
        };
        pair.model.roles.insert((Holder::Person(0), None), Role::Owner);
        pair.furnish().await;
        pair
    }

    async fn furnish(&mut self) {
        let top = self.found(None, ScopeKind::Organization).await;
        let division = self.found(Some(top), ScopeKind::Division).await;
        let team = self.found(Some(division), ScopeKind::Team).await;
        let beside = self.found(None, ScopeKind::Organization).await;
        let sibling = self.found(Some(top), ScopeKind::Team).await;
        self.join(1, Some(division), Role::Member).await;
        self.join(2, Some(beside), Role::Admin).await;
        self.join(3, Some(sibling), Role::Viewer).await;
        let context = 0;
        self.gather(1).await;
        self.enter(1, 3, context, Role::Member).await;
        for (person, place, class) in [
            (1, Place::Node(division), None),
            (0, Place::Node(team), None),
            (2, Place::Personal(2), None),
            (1, Place::Personal(1), Some(Classification::Restricted)),
            (2, Place::Node(beside), None),
            (0, Place::Node(team), None),
            (0, Place::Node(sibling), None),
            (2, Place::Personal(2), Some(Classification::Restricted)),
            (3, Place::Personal(3), Some(Classification::Confidential)),
            (1, Place::Context(context), None),
        ] {
            self.add(person, place, class).await;
        }
        // What is shared for a time, what not to be shared on, and what may be.
        let hours = |hours| Some(self.model.now + TimeDelta::hours(hours));
        for (person, memory, with, permission, may_reshare, until) in [
            (1, 0, Place::Personal(3), Permission::Read, false, hours(4)),
            (0, 1, Place::Personal(2), Permission::Write, false, None),
            (2, 4, Place::Node(sibling), Permission::Read, true, hours(40)),
            (2, 2, Place::Node(team), Permission::Read, false, None),
            (1, 0, Place::Context(context), Permission::Read, true, None),
            (3, 0, Place::Personal(2), Permission::Read, false, None),
        ] {
            self.share(person, Wish { memory, with, permission, may_reshare, until }).await;
        }
        self.toggle_group(2).await;
        self.set_group_role(Some(team), Some(Role::Viewer)).await;
        self.set_rule(None).await;
        let leavers = json!({ "retention_days": RETENTION.num_days(), "reassignment": "owners" });
        self.owner().patch("/v1/enterprise", json!({ "leavers": leavers })).await.ok();
        self.narrow(1, division).await;
    }

    /// Somebody gets a key for what is in a node.
    async fn narrow(&mut self, person: usize, node: usize) {
        let limits = json!({
            "name": "narrow", "scopes": ["memories:read"], "within": [self.nodes[node].label()], "ceiling": "internal",
        });
        let key = self.people[person].post("/v1/api-keys", limits).await.ok();
        self.key = self.people[person].with_key(&key);
        self.narrowed = Some((person, Some(node)));
    }
}
