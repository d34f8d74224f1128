//! The caller: who, how they proved it, and everything they may see.

use std::sync::Arc;

use uuid::Uuid;

use crate::access::policy::{self, Action};
use crate::access::scopes::Scopes;
use crate::access::{
    ApiKeyVerb, Classification, PendingTx, ReadableScope, RequestInfo, Role, ScopeKind, ScopeName, TenantTx,
};
use crate::db::{Database, StoreError};
use crate::error::{Error, Result};
use crate::ids::{ApiKeyId, ContextId, EnterpriseId, GrantId, NodeId, ScopeId, SessionId, UserId};

/// How a caller proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// An access token of a login.
    Session(SessionId),
    /// An API key, narrowed to these verbs.
    ApiKey(ApiKeyId, Vec<ApiKeyVerb>),
    /// An access token of an application that somebody let act for them (OAuth).
    Application(Application),
    /// Nothing: it is work that they promised when they could, and that goes on without them. What they may do is asked
    /// anew.
    Promise(Uuid),
}

/// What somebody's authority depends on: drawn anew by every change of the tree and of what they hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Epochs {
    pub(super) tree: Uuid,
    pub(super) access: Uuid,
}

/// An application acting for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// What they agreed to.
    pub grant: GrantId,
    /// Which application: its `client_id`.
    pub client: String,
    /// What it may be used for; the person's roles bound it further.
    pub verbs: Vec<ApiKeyVerb>,
}

impl Method {
    /// As the audit log spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::ApiKey(..) => "api_key",
            Self::Application(_) => "application",
            Self::Promise(_) => "promise",
        }
    }
}

/// An authenticated caller. Built only by [`super::Gate`], after credential, account and memberships were read in
/// this very request: a revoked role or key is gone with the next one.
#[derive(Debug, Clone)]
pub struct AuthContext {
    pub(super) enterprise: EnterpriseId,
    pub(super) user: UserId,
    pub(super) email: String,
    pub(super) method: Method,
    pub(super) request: RequestInfo,
    /// The highest class they may see through this credential.
    pub(super) ceiling: Classification,
    /// Whether it is a service account.
    pub(super) service: bool,
    /// What their key may be used for, and the token that they got for it may not.
    pub(super) withheld: Vec<ApiKeyVerb>,
    /// From the enterprise down. Unless the credential is narrowed, the personal and the public scope are always among
    /// them, and the enterprise's for whoever is a member of anything.
    pub(super) scopes: Arc<Scopes>,
    /// The scopes whose subtrees the credential is narrowed to; none: it is not.
    pub(super) within: Option<Vec<ScopeId>>,
    /// What everything here depended on, where it is asked again before a change is made.
    pub(super) epochs: Option<Epochs>,
    /// Whether it is a question about somebody rather than somebody asking: then no transaction begins.
    pub(super) simulated: bool,
}

impl AuthContext {
    /// The tenant.
    #[must_use]
    pub fn enterprise_id(&self) -> EnterpriseId {
        self.enterprise
    }

    /// The person or service account.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user
    }

    /// The account's e-mail address.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// How they proved who they are.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The login they act in. What changes accounts and credentials needs one: an API key that could make keys or end
    /// sessions would outlive its own revocation.
    pub fn session(&self) -> Result<SessionId> {
        match &self.method {
            Method::Session(session) => Ok(*session),
            Method::ApiKey(..) => Err(Error::Forbidden(
                "this needs a login: API keys cannot manage accounts, sessions or keys".to_owned(),
            )),
            Method::Application(_) => Err(Error::Forbidden(
                "this needs a login: applications cannot manage accounts, sessions or keys".to_owned(),
            )),
            Method::Promise(_) => Err(Error::Forbidden("this needs a login".to_owned())),
        }
    }

    /// The request they make.
    #[must_use]
    pub fn request(&self) -> &RequestInfo {
        &self.request
    }

    /// The highest class of memories that they see through this credential.
    #[must_use]
    pub fn ceiling(&self) -> Classification {
        self.ceiling
    }

    /// The same caller with a ceiling of at most this: for a channel that is read by more people than them.
    #[must_use]
    pub fn below(mut self, ceiling: Classification) -> Self {
        self.ceiling = self.ceiling.min(ceiling);
        self
    }

    /// Every scope they may read.
    #[must_use]
    pub fn scopes(&self) -> &[ReadableScope] {
        self.scopes.list()
    }

    /// Their ids as an array literal of PostgreSQL has them between its braces.
    pub(super) fn printed_scopes(&self) -> &str {
        self.scopes.printed()
    }

    /// Their roles on them, one digit each.
    pub(super) fn ranks(&self) -> &str {
        self.scopes.ranks()
    }

    /// Where their roles begin: whoever holds these holds all of theirs.
    pub(crate) fn roots(&self) -> impl Iterator<Item = (ScopeId, Role)> {
        self.scopes().iter().filter_map(|scope| {
            let above = scope.parent().and_then(|above| self.scope(above));
            let begins = above.is_none_or(|above| above.role < scope.role);
            scope.role.filter(|_| begins).map(|role| (scope.id, role))
        })
    }

    /// Whether it is a service account, not a person.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.service
    }

    /// The scopes whose subtrees the credential is narrowed to, if it is.
    pub(crate) fn within(&self) -> Option<Vec<i64>> {
        self.within.as_ref().map(|roots| roots.iter().map(|id| id.0).collect())
    }

    /// Whether the credential may be used at a scope with this path at all: a key can be narrowed to parts of the tree.
    #[must_use]
    pub fn reaches(&self, path: &[ScopeId]) -> bool {
        self.within.as_ref().is_none_or(|roots| path.iter().any(|id| roots.contains(id)))
    }

    /// A readable scope by its id.
    #[must_use]
    pub fn scope(&self, id: ScopeId) -> Option<&ReadableScope> {
        self.scopes.get(id)
    }

    /// What the caller means by a scope's name. A node that they may not read does not exist for them.
    pub fn resolve(&self, name: ScopeName) -> Result<&ReadableScope> {
        self.scopes.named(name).ok_or(Error::NotFound { what: "scope" })
    }

    /// A node of the tree. One that they may not read does not exist for them.
    pub fn node(&self, id: NodeId) -> Result<&ReadableScope> {
        let node = self.scopes.node(id).filter(|scope| scope.kind != ScopeKind::Context);
        node.ok_or(Error::NotFound { what: "organization" })
    }

    /// A context. One that they are no member of does not exist for them.
    pub fn context(&self, id: ContextId) -> Result<&ReadableScope> {
        self.scopes.named(ScopeName::Context(id)).ok_or(Error::NotFound { what: "context" })
    }

    /// The tenant as a scope, root of its tree.
    pub fn enterprise(&self) -> Result<&ReadableScope> {
        self.resolve(ScopeName::Enterprise)
    }

    /// Their own scope.
    pub fn personal(&self) -> Result<&ReadableScope> {
        self.resolve(ScopeName::Personal)
    }

    /// Whether they may do this to that scope: `Forbidden` if not, or if their API key is not meant for it.
    pub fn authorize(&self, action: Action, scope: &ReadableScope) -> Result<()> {
        self.authorize_verb(action.verb())?;
        if policy::allows(action, scope.kind, scope.role) {
            return Ok(());
        }
        Err(Error::Forbidden(match (policy::requirement(action, scope.kind), scope.role) {
            (policy::Requirement::AtLeast(least), Some(role)) => {
                format!("this needs the role {least} on {}, you are {role}", scope.label())
            }
            (policy::Requirement::AtLeast(least), None) => {
                format!("this needs the role {least} on {}, you have none there", scope.label())
            }
            _ => format!("this cannot be done to {}", scope.label()),
        }))
    }

    /// Whether their credential is meant for this kind of work at all. A login's is.
    pub fn authorize_verb(&self, verb: ApiKeyVerb) -> Result<()> {
        match &self.method {
            Method::ApiKey(_, verbs) if !verbs.contains(&verb) && self.withheld.contains(&verb) => {
                Err(Error::InsufficientScope { lacking: verb, needed: with(verbs, verb) })
            }
            Method::ApiKey(_, verbs) if !verbs.contains(&verb) => {
                Err(Error::Forbidden(format!("this API key lacks the scope {}", verb.as_str())))
            }
            Method::Application(application) if !application.verbs.contains(&verb) => {
                Err(Error::InsufficientScope { lacking: verb, needed: with(&application.verbs, verb) })
            }
            _ => Ok(()),
        }
    }

    /// A transaction like that of [`Self::begin`], which begins with its first statement, in the same round trip.
    #[must_use]
    pub fn pending<'a>(&'a self, db: &'a Database, name: &'static str) -> PendingTx<'a> {
        PendingTx::new(self, db, name)
    }

    /// Opens a transaction in which row-level security shows exactly what this caller may see.
    pub async fn begin<'a>(&'a self, db: &Database, name: &'static str) -> Result<TenantTx<'a>, StoreError> {
        TenantTx::begin(self, db, name).await
    }
}

/// What to ask for in order to have one scope more.
fn with(verbs: &[ApiKeyVerb], more: ApiKeyVerb) -> Vec<ApiKeyVerb> {
    ApiKeyVerb::ALL.into_iter().filter(|verb| *verb == more || verbs.contains(verb)).collect()
}
