//! What a caller may know about themselves.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{AccountView, store};
use crate::access::{AuthContext, Method, ReadableScope};
use crate::audit;
use crate::db::Database;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::ids::SessionId;
use crate::name;
use crate::tenancy::PlaceId;

/// The caller, as `GET /v1/auth/me` returns it.
#[derive(Debug, Clone, Serialize)]
pub struct Me {
    /// Their account.
    pub user: Profile,
    /// How they authenticated, in this request.
    pub credential: CredentialView,
    /// Their memberships.
    pub memberships: Vec<MembershipView>,
    /// Every scope they may read, with their effective role, and the contexts that are shared with them.
    pub scopes: Vec<ScopeView>,
}

/// An account, as its owner sees it.
#[derive(Debug, Clone, Serialize)]
pub struct Profile {
    /// The part that others may see, too.
    #[serde(flatten)]
    pub account: AccountView,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

/// How a caller authenticated.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CredentialView {
    /// A login.
    Session {
        /// `ses_…`.
        id: SessionId,
    },
    /// An API key.
    ApiKey {
        /// `key_…`.
        id: crate::ids::ApiKeyId,
        /// What it may be used for.
        scopes: Vec<crate::access::ApiKeyVerb>,
    },
    /// An application that acts for the user.
    Application {
        /// `gnt_…`.
        id: crate::ids::GrantId,
        /// The application's `client_id`.
        client_id: String,
        /// What it may be used for.
        scopes: Vec<crate::access::ApiKeyVerb>,
    },
}

/// A membership.
#[derive(Debug, Clone, Serialize)]
pub struct MembershipView {
    /// The scope, as requests name it: `team:org_…`.
    pub scope: String,
    /// The role that was granted there.
    pub role: String,
}

/// A readable scope.
#[derive(Debug, Clone, Serialize)]
pub struct ScopeView {
    /// As requests name it: `team:org_…`, `personal`.
    pub scope: String,
    /// The kind of scope: `team`.
    pub kind: &'static str,
    /// `org_…` for nodes of the tree, `ctx_…` for contexts.
    pub id: Option<PlaceId>,
    /// The node's name, for nodes of the tree.
    pub name: Option<String>,
    /// The effective role, the highest on the path; `None` if the scope is only readable.
    pub role: Option<&'static str>,
}

impl From<&ReadableScope> for ScopeView {
    fn from(scope: &ReadableScope) -> Self {
        Self {
            scope: scope.label(),
            kind: scope.kind.as_str(),
            id: scope.node.map(|id| PlaceId::of(scope.kind, id)),
            name: scope.name.clone(),
            role: scope.role.map(|role| role.as_str()),
        }
    }
}

/// What people call the caller and their enterprise.
#[derive(Debug, Clone)]
pub struct Names {
    /// The caller's name.
    pub person: String,
    /// The enterprise's name.
    pub enterprise: String,
}

/// Returns the names of the caller and their enterprise. Any credential may ask.
pub async fn names(db: &Database, caller: &AuthContext) -> Result<Names> {
    let tx = caller.begin(db, "account.names").await?;
    let row = store::profile(&tx).await?;
    tx.commit().await?;
    Ok(Names { person: row.name, enterprise: row.enterprise_name })
}

impl Identity {
    /// Returns who the caller is and what they may reach. Any credential may ask.
    pub async fn me(&self, caller: &AuthContext) -> Result<Me> {
        let tx = caller.begin(&self.gate().db, "account.me").await?;
        let row = store::profile(&tx).await?;
        let shared = caller.shared_contexts(&tx).await?;
        tx.commit().await?;
        let label = |id| caller.scope(id).map(ReadableScope::label);
        let memberships = row.memberships.into_iter();
        Ok(Me {
            user: Profile {
                account: AccountView {
                    id: caller.user_id(),
                    email: caller.email().map(str::to_owned),
                    name: row.name,
                    enterprise_id: caller.enterprise_id(),
                    enterprise_name: row.enterprise_name,
                },
                created_at: row.created_at,
            },
            credential: match caller.method() {
                Method::Session(id) => CredentialView::Session { id: *id },
                Method::ApiKey(id, scopes) => CredentialView::ApiKey { id: *id, scopes: scopes.clone() },
                Method::Application(application) => CredentialView::Application {
                    id: application.grant,
                    client_id: application.client.clone(),
                    scopes: application.verbs.clone(),
                },
                // Background work has no need to ask about itself.
                Method::Promise(_) => return Err(Error::Forbidden("this needs a credential".to_owned())),
            },
            memberships: memberships
                .filter_map(|(id, role)| Some(MembershipView { scope: label(id)?, role }))
                .collect(),
            scopes: caller
                .scopes()
                .iter()
                .chain(shared.iter().map(|(context, _)| context))
                .map(ScopeView::from)
                .collect(),
        })
    }

    /// Changes the name under which others see the caller.
    pub async fn rename(&self, caller: &AuthContext, name: &str) -> Result<Me> {
        caller.session()?;
        let name = name::checked(name, "name")?;
        let tx = caller.begin(&self.gate().db, "account.rename").await?;
        store::rename(&tx, &name).await?;
        audit::record(&tx, audit::Entry::new("account.rename", caller.user_id())).await?;
        tx.commit().await?;
        self.me(caller).await
    }
}
