//! The people and objects for questions about the access of others.

use serde_json::{Value, json};
use shared::access::{Role, ScopeKind};

use super::text;
use crate::harness::{Actor, Answer, Client as _, Node, TestApp};

/// Two teams of an organization, with an administrator of one, its author and somebody beside.
pub(super) struct Office {
    pub(super) app: TestApp,
    pub(super) alice: Actor,
    pub(super) alpha: Node,
    pub(super) beta: Node,
    pub(super) lead: Actor,
    pub(super) ann: Actor,
    pub(super) ben: Actor,
    /// Ann's, in Alpha.
    pub(super) memory: String,
}

impl Office {
    pub(super) async fn new() -> Self {
        let (app, alice, _) = TestApp::two_tenants().await;
        let north = alice.node(ScopeKind::Organization, "North").await;
        let alpha = alice.node_in(&north, ScopeKind::Team, "Alpha").await;
        let beta = alice.node_in(&north, ScopeKind::Team, "Beta").await;
        let lead = alice.colleague("lead", &alpha, Role::Admin).await;
        let ann = alice.colleague("ann", &alpha, Role::Member).await;
        let ben = alice.colleague("ben", &beta, Role::Member).await;
        let memory = remember(&ann, "Alpha ships on Friday", json!({ "scope": alpha.label() })).await;
        Self { app, alice, alpha, beta, lead, ann, ben, memory }
    }

    pub(super) async fn ask(&self, asker: &Actor, them: &Actor, action: &str, more: Value) -> Answer {
        let mut body = json!({ "user_id": them.user, "action": action });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asker.post("/v1/access/check", body).await
    }

    /// May they do it to the memory? By its administrator.
    pub(super) async fn may(&self, them: &Actor, action: &str) -> Value {
        self.ask(&self.lead, them, action, json!({ "memory_id": self.memory })).await.ok()
    }

    pub(super) async fn share(&self, with: &str, more: Value) -> String {
        let mut body = json!({ "with": with });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let shared = self.ann.post(&format!("/v1/memories/{}/shares/", self.memory), body).await.ok();
        text(&shared["share"]["id"])
    }
}

/// Remembers it as it is; its id.
pub(super) async fn remember(actor: &Actor, content: &str, more: Value) -> String {
    let mut body = json!({ "messages": content, "infer": false });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    text(&actor.post("/v3/memories/add/", body).await.ok()["results"][0]["id"])
}
