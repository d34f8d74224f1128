//! One row: what happened, and who did it.

use serde_json::Value;
use uuid::Uuid;

use super::actions;
use super::place::Place;
use crate::access::{AuthContext, Classification, Method, ReadableScope, Refused, ScopeKind};
use crate::ids::{EnterpriseId, LinkId, MemoryId, NodeId, ScopeId, UserId};

/// What happened. Details never hold memory text, queries, tokens or passwords.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The action, with a dot: `memory.remember`.
    pub action: &'static str,
    /// The object of the action, a printed id.
    pub target: Option<String>,
    /// The memories that were shown or changed.
    pub memories: Vec<MemoryId>,
    /// The highest class of these memories. If unset, it is looked up when the row is written.
    pub class: Option<Classification>,
    /// The scope, if the action happened in a single one.
    pub scope: Option<ScopeId>,
    /// The scope as rows store it, if the caller knows it; otherwise it is looked up when the row is written.
    pub(super) place: Option<Place>,
    /// Anything else that a reader of the log needs.
    pub details: Value,
    /// Tags in addition to those that follow from the action.
    pub tags: Vec<String>,
    /// Whether it was refused.
    pub denied: bool,
}

impl Entry {
    /// An entry about one object.
    pub fn new(action: &'static str, target: impl ToString) -> Self {
        Self { target: Some(target.to_string()), ..Self::of(action) }
    }

    /// An entry about no particular object.
    #[must_use]
    pub fn of(action: &'static str) -> Self {
        debug_assert!(actions::is_known(action), "{action} is missing in audit/actions.rs");
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

    /// Sets the memories that were shown or changed.
    #[must_use]
    pub fn memories(mut self, ids: impl IntoIterator<Item = MemoryId>) -> Self {
        self.memories.extend(ids);
        self
    }

    /// Sets how confidential the memories are, if it is known, which saves looking it up.
    #[must_use]
    pub fn classified(mut self, classes: impl IntoIterator<Item = Classification>) -> Self {
        self.class = classes.into_iter().max();
        self
    }

    /// Sets the scope in which it happened.
    #[must_use]
    pub fn within(mut self, scope: ScopeId) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Sets the scope in which it happened, if there is exactly one.
    #[must_use]
    pub fn within_one_of(mut self, scopes: &[&ReadableScope]) -> Self {
        if let [scope] = scopes {
            self.scope = Some(scope.id);
        }
        self
    }

    /// Sets the place from the scope, if the caller can read it.
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

    /// Marks the entry as a refusal.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.denied = true;
        self
    }

    /// Sets the details.
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

/// Who did it, and how they authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub(super) enterprise: EnterpriseId,
    pub(super) user: Option<UserId>,
    pub(super) method: &'static str,
    /// The key, session, grant, link or background work.
    pub(super) credential: Option<Uuid>,
}

impl Actor {
    /// The actor of an authenticated request.
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

    /// An actor whose credential is not let in any more.
    pub(super) fn refused(refused: &Refused) -> Self {
        Self {
            enterprise: refused.enterprise,
            user: Some(refused.user),
            method: refused.method,
            credential: Some(refused.credential),
        }
    }

    /// An actor who has a link and no account.
    pub(super) fn anonymous(enterprise: EnterpriseId, link: LinkId) -> Self {
        Self { enterprise, user: None, method: "link", credential: Some(link.uuid()) }
    }

    /// An actor who is not authenticated.
    pub(super) fn unproven(enterprise: EnterpriseId, user: Option<UserId>) -> Self {
        Self { enterprise, user, method: "none", credential: None }
    }
}
