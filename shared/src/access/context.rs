//! The caller: who they are, how they authenticated, and everything they may see.

use std::sync::Arc;

use uuid::Uuid;

use crate::access::policy::{self, Action};
use crate::access::presumption::{AuditPolicy, Presumption};
use crate::access::scopes::Scopes;
use crate::access::{
    ApiKeyVerb, Classification, PendingTx, ReadableScope, RequestInfo, Role, ScopeKind, ScopeName, TenantTx,
};
use crate::db::{Database, StoreError};
use crate::error::{Error, Result};
use crate::ids::{ApiKeyId, ContextId, EnterpriseId, GrantId, NodeId, ScopeId, SessionId, UserId};

/// How a caller authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// An access token of a login.
    Session(SessionId),
    /// An API key, restricted to these verbs.
    ApiKey(ApiKeyId, Vec<ApiKeyVerb>),
    /// An access token of an application that acts for a user (OAuth).
    Application(Application),
    /// No credential: work that the user requested earlier and that continues in the background. What they may do is
    /// determined anew.
    Promise(Uuid),
}

/// The versions that a user's authority depends on. Each change to the tree, or to what the user holds, replaces one of
/// them with a new value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Epochs {
    pub(super) tree: Uuid,
    pub(super) access: Uuid,
}

/// An application that acts for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The user's consent.
    pub grant: GrantId,
    /// The application's `client_id`.
    pub client: String,
    /// What it may be used for, within the limits of the user's roles.
    pub verbs: Vec<ApiKeyVerb>,
}

impl Method {
    /// The method as the audit log spells it.
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

/// An authenticated caller. Built only by [`super::Gate`], after the credential, account and memberships have been read
/// for this very request: revoking a role or key takes effect with the next request.
#[derive(Debug, Clone)]
pub struct AuthContext {
    pub(super) enterprise: EnterpriseId,
    pub(super) user: UserId,
    pub(super) email: String,
    pub(super) method: Method,
    pub(super) request: RequestInfo,
    /// The highest class the caller may see through this credential.
    pub(super) ceiling: Classification,
    /// Whether the caller is a service account.
    pub(super) service: bool,
    /// Verbs that the API key allows, but the access token issued for it does not.
    pub(super) withheld: Vec<ApiKeyVerb>,
    /// What the enterprise asks of its log, if it was told with the caller.
    pub(super) policy: Option<AuditPolicy>,
    /// From the enterprise down. Unless the credential is restricted, they always include the personal and the public
    /// scope, and the enterprise's for a member of any node.
    pub(super) scopes: Arc<Scopes>,
    /// The scopes whose subtrees the credential is restricted to; `None` if it is not restricted.
    pub(super) within: Option<Vec<ScopeId>>,
    /// The versions that all of this depends on, if it is to be checked again before a change commits.
    pub(super) epochs: Option<Epochs>,
    /// What is presumed about the caller until a transaction confirms it; `None` if the database was asked.
    pub(super) presumption: Option<Arc<Presumption>>,
    /// Whether this is a simulation of the user rather than the user's own request; no transaction may then begin.
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

    /// The account's e-mail address; `None` for a service account, whose address in the database is made up.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        (!self.service).then_some(&self.email)
    }

    /// How the caller authenticated.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The login session the caller acts in. Operations that change accounts and credentials require one: an API key
    /// that could create keys or end sessions would outlive its own revocation.
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

    /// The request that the caller makes.
    #[must_use]
    pub fn request(&self) -> &RequestInfo {
        &self.request
    }

    /// The highest class of memories the caller sees through this credential.
    #[must_use]
    pub fn ceiling(&self) -> Classification {
        self.ceiling
    }

    /// The same caller with a ceiling of at most this, for a channel that more people than the caller can read.
    #[must_use]
    pub fn below(mut self, ceiling: Classification) -> Self {
        self.ceiling = self.ceiling.min(ceiling);
        self
    }

    /// Every scope the caller may read.
    #[must_use]
    pub fn scopes(&self) -> &[ReadableScope] {
        self.scopes.list()
    }

    /// The ids of the readable scopes, as they appear between the braces of a PostgreSQL array literal.
    pub(super) fn printed_scopes(&self) -> &str {
        self.scopes.printed()
    }

    /// The caller's roles on these scopes, one digit each.
    pub(super) fn ranks(&self) -> &str {
        self.scopes.ranks()
    }

    /// The scopes where the caller's roles begin: whoever holds the same roles on these holds all of the caller's
    /// roles.
    pub(crate) fn roots(&self) -> impl Iterator<Item = (ScopeId, Role)> {
        self.scopes().iter().filter_map(|scope| {
            let above = scope.parent().and_then(|above| self.scope(above));
            let begins = above.is_none_or(|above| above.role < scope.role);
            scope.role.filter(|_| begins).map(|role| (scope.id, role))
        })
    }

    /// Whether the caller is a service account rather than a person.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.service
    }

    /// The scopes whose subtrees the credential is restricted to, if any.
    pub(crate) fn within(&self) -> Option<Vec<i64>> {
        self.within.as_ref().map(|roots| roots.iter().map(|id| id.0).collect())
    }

    /// Whether the credential may be used at all at a scope with this path: an API key can be restricted to parts of
    /// the tree.
    #[must_use]
    pub fn reaches(&self, path: &[ScopeId]) -> bool {
        self.within.as_ref().is_none_or(|roots| path.iter().any(|id| roots.contains(id)))
    }

    /// Returns a readable scope by its id.
    #[must_use]
    pub fn scope(&self, id: ScopeId) -> Option<&ReadableScope> {
        self.scopes.get(id)
    }

    /// Resolves the name of a scope for this caller. A node the caller may not read does not exist for them; that they
    /// have personal memories is no secret, and adding to them is the default.
    pub fn resolve(&self, name: ScopeName) -> Result<&ReadableScope> {
        self.scopes.named(name).ok_or_else(|| match name {
            ScopeName::Personal => Error::Forbidden(
                "your personal scope is beyond this credential: give a scope that it reaches (GET /v1/scopes and the tool \
                 list_scopes list them)"
                    .to_owned(),
            ),
            _ => Error::NotFound { what: "scope" },
        })
    }

    /// Returns a node of the tree. A node the caller may not read does not exist for them.
    pub fn node(&self, id: NodeId) -> Result<&ReadableScope> {
        let node = self.scopes.node(id).filter(|scope| scope.kind != ScopeKind::Context);
        node.ok_or(Error::NotFound { what: "organization" })
    }

    /// Returns a context. A context the caller is not a member of does not exist for them, unless it is shared with them
    /// ([`Self::reaching`]).
    pub fn context(&self, id: ContextId) -> Result<&ReadableScope> {
        self.scopes.named(ScopeName::Context(id)).ok_or(Error::NotFound { what: "context" })
    }

    /// The tenant as a scope, the root of its tree.
    pub fn enterprise(&self) -> Result<&ReadableScope> {
        self.resolve(ScopeName::Enterprise).map_err(|error| match self.within {
            Some(_) => {
                Error::UnknownAddress("this key is narrowed, and does not reach the enterprise".to_owned())
            }
            None => error,
        })
    }

    /// The caller's personal scope.
    pub fn personal(&self) -> Result<&ReadableScope> {
        self.resolve(ScopeName::Personal)
    }

    /// Checks that the caller may perform an action on a scope; returns `Forbidden` if not, or if their API key does
    /// not allow it.
    pub fn authorize(&self, action: Action, scope: &ReadableScope) -> Result<()> {
        self.authorize_verb(action.verb())?;
        if policy::allows(action, scope.kind, scope.role) {
            return Ok(());
        }
        Err(Error::Forbidden(match (policy::requirement(action, scope.kind), scope.role) {
            (policy::Requirement::AtLeast(least), Some(role)) => {
                format!("this needs the role {least} on {}, you have the role {role} there", scope.in_words())
            }
            (policy::Requirement::AtLeast(least), None) if scope.is_lent() => format!(
                "{} is shared with you, and this is for its members: it needs the role {least} there",
                scope.in_words()
            ),
            (policy::Requirement::AtLeast(least), None) => {
                format!("this needs the role {least} on {}, you have none there", scope.in_words())
            }
            _ => format!("this cannot be done to {}", scope.in_words()),
        }))
    }

    /// Checks that the credential allows this kind of work at all. A login session allows every kind.
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

    /// A transaction like that of [`Self::begin`], but one that begins together with its first statement, in the same
    /// round trip.
    #[must_use]
    pub fn pending<'a>(&'a self, db: &'a Database, name: &'static str) -> PendingTx<'a> {
        PendingTx::new(self, db, name)
    }

    /// Opens a transaction in which row-level security shows exactly what this caller may see.
    pub async fn begin<'a>(&'a self, db: &Database, name: &'static str) -> Result<TenantTx<'a>, StoreError> {
        TenantTx::begin(self, db, name).await
    }
}

/// The scopes to request in order to have one more than now.
fn with(verbs: &[ApiKeyVerb], more: ApiKeyVerb) -> Vec<ApiKeyVerb> {
    ApiKeyVerb::ALL.into_iter().filter(|verb| *verb == more || verbs.contains(verb)).collect()
}
