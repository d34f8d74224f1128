//! The gate: from a credential to a caller.

use secrecy::ExposeSecret as _;
use tokio_postgres::types::ToSql;

use super::{
    AccessClaims, ApiKeyVerb, AuthContext, Credential, IdentityTx, Method, ReadableScope, RequestInfo, Role,
    ScopeKind, SecretHash, TokenVerifier, UpkeepTx,
};
use crate::clock::Clock;
use crate::db::{Database, StoreError};
use crate::error::{Error, Result, Unauthenticated};
use crate::ids::{ApiKeyId, EnterpriseId, SessionId, UserId};
use crate::telemetry;

/// What every function needs to know who asks. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: Clock,
    tokens: TokenVerifier,
}

impl Gate {
    /// `issuer` is the installation's public URL: what access tokens are issued by and meant for.
    #[must_use]
    pub fn new(db: Database, clock: Clock, issuer: &str) -> Self {
        Self { db, clock, tokens: TokenVerifier::new(issuer) }
    }

    /// What access tokens are issued by and meant for: the installation's public URL.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.tokens.issuer()
    }

    /// Takes note of a key that this process signs access tokens with.
    pub(crate) fn learn_key(&self, kid: &str, public: &[u8; 32]) {
        self.tokens.learn(kid, public);
    }

    /// Who a credential stands for, and what they may see.
    pub async fn authenticate(&self, credential: &Credential, request: RequestInfo) -> Result<AuthContext> {
        match credential {
            Credential::ApiKey(secret) => {
                let hash = SecretHash::of(secret.expose_secret());
                self.principal(Some(&hash), None, request).await
            }
            Credential::AccessToken(token) => {
                let claims = self.verify(token.expose_secret(), &request).await?;
                let caller = self.principal(None, Some(claims.sid), request).await?;
                if caller.user != claims.sub || caller.enterprise != claims.enterprise {
                    return Err(Unauthenticated::Invalid.into());
                }
                Ok(caller)
            }
        }
    }

    /// A transaction for signing in, which precedes any caller.
    pub async fn sign_in(&self, name: &'static str) -> Result<IdentityTx, StoreError> {
        IdentityTx::begin(&self.db, name).await
    }

    /// A transaction for work that nobody asked for.
    pub async fn upkeep(&self, name: &'static str) -> Result<UpkeepTx, StoreError> {
        UpkeepTx::begin(&self.db, name).await
    }

    async fn verify(&self, token: &str, request: &RequestInfo) -> Result<AccessClaims> {
        if self.tokens.needs_keys(token, request.at)? {
            let tx = self.sign_in("access.load_keys").await?;
            self.tokens.load(&tx, request.at).await?;
            tx.commit().await?;
        }
        Ok(self.tokens.verify(token, request.at)?)
    }

    async fn principal(
        &self,
        key: Option<&SecretHash>,
        session: Option<SessionId>,
        request: RequestInfo,
    ) -> Result<AuthContext> {
        const PRINCIPAL: &str = "-- access.principal
            SELECT enterprise_id, user_id, email, credential_id, verbs, expired,
                   scope_id, kind, path, search_tier, role, node_id, name
              FROM mem0.principal($1, $2, $3)";
        let hash = key.map(SecretHash::as_bytes);
        let params: [&(dyn ToSql + Sync); 3] = [&hash, &session.map(SessionId::uuid), &request.at];
        let rows = self.db.query_alone("access.principal", PRINCIPAL, &params).await?;
        let first = rows.first().ok_or(Unauthenticated::Invalid)?;
        if first.get("expired") {
            return Err(Unauthenticated::Expired.into());
        }
        let credential = first.get("credential_id");
        let method = match key {
            Some(_) => Method::ApiKey(ApiKeyId(credential), verbs(first.get("verbs"))?),
            None => Method::Session(SessionId(credential)),
        };
        let mut caller = AuthContext {
            enterprise: EnterpriseId(first.get("enterprise_id")),
            user: UserId(first.get("user_id")),
            email: first.get("email"),
            method,
            request,
            scopes: rows.iter().map(ReadableScope::try_from).collect::<Result<_, StoreError>>()?,
        };
        inherit_roles(&mut caller);
        telemetry::authenticated(caller.enterprise, caller.user);
        Ok(caller)
    }
}

fn verbs(stored: Vec<String>) -> Result<Vec<ApiKeyVerb>, Error> {
    let corrupt = |problem| StoreError::Corrupt { table: "api_keys", column: "scopes", problem };
    stored.iter().map(|verb| verb.parse().map_err(|problem| corrupt(problem).into())).collect()
}

/// Rows come from the root down and carry only the memberships themselves: hands each role on to what is below.
fn inherit_roles(caller: &mut AuthContext) {
    for index in 0..caller.scopes.len() {
        let role = match caller.scopes[index].kind {
            // Nobody above a person reads what is personal; they themselves own it.
            ScopeKind::User => Some(Role::Owner),
            _ => caller.role_over(&caller.scopes[index].path),
        };
        caller.scopes[index].role = role;
    }
}
