//! One row: what happened, and who did it.

use serde_json::Value;
use uuid::Uuid;

use super::place::Place;
use crate::access::{AuthContext, Classification, Method, ReadableScope, ScopeKind};
use crate::ids::{EnterpriseId, LinkId, MemoryId, NodeId, ScopeId, UserId};

/// What happened. Details never hold memory text, queries, tokens or passwords.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The verb, dotted: `memory.remember`.
    pub action: &'static str,
    /// What it was done to, a printed id.
    pub target: Option<String>,
    /// The memories that were shown or changed.
    pub memories: Vec<MemoryId>,
    /// How confidential these are at most. If unset, it is looked up when the row is written.
    pub class: Option<Classification>,
    /// Where, if it happened in one scope.
    pub scope: Option<ScopeId>,
    /// The same as rows keep it, where the caller knows it; else it is looked up when the row is written.
    pub(super) place: Option<Place>,
    /// Whatever else a reader of the log needs.
    pub details: Value,
    /// Tags besides those that follow from the action.
    pub tags: Vec<String>,
    /// Whether it was refused.
    pub denied: bool,
}

impl Entry {
    /// An entry about one thing.
    pub fn new(action: &'static str, target: impl ToString) -> Self {
        Self { target: Some(target.to_string()), ..Self::of(action) }
    }

    /// An entry about nothing in particular.
    #[must_use]
    pub fn of(action: &'static str) -> Self {
        Self {
            action,
            target: None,
            memories: Vec::new(),
            class: None,
            scope: None,
            place: None,
            details: Value::Object(Default::default()),
            tags: Vec::new(),
            denied: false,
        }
    }

    /// Names the memories that were shown or changed.
    #[must_use]
    pub fn memories(mut self, ids: impl IntoIterator<Item = MemoryId>) -> Self {
        self.memories.extend(ids);
        self
    }

    /// Says how confidential what was shown or changed is, where that is known: it spares looking it up.
    #[must_use]
    pub fn classified(mut self, classes: impl IntoIterator<Item = Classification>) -> Self {
        self.class = classes.into_iter().max();
        self
    }

    /// Names the scope in which it happened.
    #[must_use]
    pub fn within(mut self, scope: ScopeId) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Names the scope in which it happened, if it is the only one of these.
    #[must_use]
    pub fn within_one_of(mut self, scopes: &[&ReadableScope]) -> Self {
        if let [scope] = scopes {
            self.scope = Some(scope.id);
        }
        self
    }

    /// Says what the scope is, if the caller reads it.
    pub(super) fn placed(mut self, caller: &AuthContext) -> Self {
        self.place = self.scope.and_then(|scope| caller.scope(scope)).map(|scope| {
            let id = match scope.kind {
                ScopeKind::User => Some(caller.user_id().uuid()),
                _ => scope.node.map(NodeId::uuid),
            };
            Place { kind: scope.kind, id }
        });
        self
    }

    /// Says that it was refused.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.denied = true;
        self
    }

    /// Adds details.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tagged(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }
}

/// Who did it, and how they proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub(super) enterprise: EnterpriseId,
    pub(super) user: Option<UserId>,
    pub(super) method: &'static str,
    /// The key, session, grant, link or promised work.
    pub(super) credential: Option<Uuid>,
}

impl Actor {
    /// Whoever makes a request.
    #[must_use]
    pub fn caller(caller: &AuthContext) -> Self {
        let credential = match caller.method() {
            Method::Session(session) => session.uuid(),
            Method::ApiKey(key, _) => key.uuid(),
            Method::Application(application) => application.grant.uuid(),
            Method::Promise(work) => *work,
        };
        Self {
            enterprise: caller.enterprise_id(),
            user: Some(caller.user_id()),
            method: caller.method().name(),
            credential: Some(credential),
        }
    }

    /// Somebody who has a link, and no account.
    pub(super) fn anonymous(enterprise: EnterpriseId, link: LinkId) -> Self {
        Self { enterprise, user: None, method: "link", credential: Some(link.uuid()) }
    }

    /// Somebody who has not proved anything yet.
    pub(super) fn unproven(enterprise: EnterpriseId, user: Option<UserId>) -> Self {
        Self { enterprise, user, method: "none", credential: None }
    }
}
