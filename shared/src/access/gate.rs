//! The gate: from a credential to a caller.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use tokio_postgres::types::ToSql;

use super::known::{Answers, Proof};
use super::token::FIRST_PARTY;
use super::{
    AccessClaims, ApiKeyVerb, Application, AuthContext, Classification, Credential, IdentityTx, Method,
    RequestInfo, SecretHash, TokenVerifier, UpkeepTx,
};
use crate::clock::Clock;
use crate::db::{Database, StoreError};
use crate::error::{Error, Result, Unauthenticated};
use crate::ids::{ApiKeyId, EnterpriseId, GrantId, SessionId, UserId};
use crate::telemetry;

/// The path of the MCP endpoint, the one resource that has tokens of its own.
pub const MCP: &str = "/mcp";

/// What every function needs to know who asks. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: Clock,
    tokens: TokenVerifier,
    answers: Answers,
    /// What requests that come through here are about, if that is less than everything: `https://mem0.example/mcp`.
    resource: Option<Arc<str>>,
}

impl Gate {
    /// `issuer` is the installation's public URL: what access tokens are issued by and meant for.
    #[must_use]
    pub fn new(db: Database, clock: Clock, issuer: &str) -> Self {
        Self { db, clock, tokens: TokenVerifier::new(issuer), answers: Answers::default(), resource: None }
    }

    /// The same gate before one resource (RFC 8707), by its path: also lets in whose token is good for nothing else.
    #[must_use]
    pub fn before(&self, path: &str) -> Self {
        Self { resource: Some(format!("{}{path}", self.issuer()).into()), ..self.clone() }
    }

    /// What access tokens must be meant for to be let in here: this resource, or the whole installation.
    fn audiences(&self) -> Vec<&str> {
        self.resource.as_deref().into_iter().chain([self.issuer()]).collect()
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
                self.principal(Proof::ApiKey(hash), request).await
            }
            Credential::AccessToken(token) => {
                let claims = self.verify(token.expose_secret(), &self.audiences(), &request).await?;
                let proof = match &claims.key {
                    Some(hash) => Proof::ApiKey(key_hash(hash)?),
                    None => Proof::Session(claims.sid),
                };
                let mut caller = self.principal(proof, request).await?;
                if caller.user != claims.sub || caller.enterprise != claims.enterprise {
                    return Err(Unauthenticated::Invalid.into());
                }
                match &mut caller.method {
                    // What the key may do by now, and the token as well.
                    Method::ApiKey(_, verbs) => {
                        let scopes = claims.scope.unwrap_or_default();
                        verbs.retain(|verb| scopes.split_whitespace().any(|scope| scope == verb.as_str()));
                    }
                    method if claims.client_id != FIRST_PARTY => {
                        *method = Method::Application(application(claims));
                    }
                    _ => {}
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

    /// Who a login stands for, for pages that know it by a cookie instead of a token.
    pub(crate) async fn resume(&self, session: SessionId, request: RequestInfo) -> Result<AuthContext> {
        self.principal(Proof::Session(session), request).await
    }

    /// What a genuine access token says, whatever it is good for; for whoever issued it. Whether its session is alive
    /// is not asked.
    pub(crate) async fn inspect(&self, token: &str, request: &RequestInfo) -> Result<AccessClaims> {
        let resource = self.before(MCP);
        resource.verify(token, &resource.audiences(), request).await
    }

    async fn verify(&self, token: &str, audiences: &[&str], request: &RequestInfo) -> Result<AccessClaims> {
        if self.tokens.needs_keys(token, request.at)? {
            let tx = self.sign_in("access.load_keys").await?;
            self.tokens.load(&tx, request.at).await?;
            tx.commit().await?;
        }
        Ok(self.tokens.verify(token, audiences, request.at)?)
    }

    /// Asks who a credential stands for. What they may read is in the answer only if it is not what this process knows.
    async fn principal(&self, proof: Proof, request: RequestInfo) -> Result<AuthContext> {
        const PRINCIPAL: &str = "-- access.principal
            SELECT enterprise_id, user_id, email, account_kind, credential_id, verbs, within_scopes, ceiling, expired,
                   tree_epoch, access_epoch, broad, packed, scope_ids, kinds, parents, held_on, held_as, named_ids,
                   node_ids, names
              FROM mem0.identify($1, $2, $3, $4, $5)";
        let known = self.answers.of(&proof);
        let (hash, session) = match &proof {
            Proof::ApiKey(hash) => (Some(hash.as_bytes()), None),
            Proof::Session(session) => (None, Some(session.uuid())),
        };
        let epochs = (known.as_ref().map(|known| known.tree), known.as_ref().map(|known| known.access));
        let params: [&(dyn ToSql + Sync); 5] = [&hash, &session, &request.at, &epochs.0, &epochs.1];
        let rows = self.db.query_alone("access.principal", PRINCIPAL, &params).await?;
        let Some(row) = rows.first() else {
            self.answers.forget(&proof);
            return Err(Unauthenticated::Invalid.into());
        };
        if row.get("expired") {
            return Err(Unauthenticated::Expired.into());
        }
        let credential = row.get("credential_id");
        let method = match proof {
            Proof::ApiKey(_) => Method::ApiKey(ApiKeyId(credential), verbs(row.get("verbs"))?),
            Proof::Session(_) => Method::Session(SessionId(credential)),
        };
        let known = self.answers.learn(proof, known, row)?;
        let caller = AuthContext {
            enterprise: EnterpriseId(row.get("enterprise_id")),
            user: UserId(row.get("user_id")),
            email: row.get("email"),
            service: row.get::<_, &str>("account_kind") == "service",
            method,
            request,
            ceiling: ceiling(row.get("ceiling"))?,
            scopes: known.scopes,
            within: known.within,
            simulated: false,
        };
        telemetry::authenticated(caller.enterprise, caller.user);
        Ok(caller)
    }
}

/// The highest class that a key may be used for; without one, all.
fn ceiling(stored: Option<&str>) -> Result<Classification, Error> {
    let corrupt = |problem| StoreError::Corrupt { table: "api_keys", column: "ceiling", problem };
    Ok(stored.map_or(Ok(Classification::Restricted), str::parse).map_err(corrupt)?)
}

/// The hash of a key, as a token carries it.
fn key_hash(text: &str) -> Result<SecretHash, Unauthenticated> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unauthenticated::Invalid)?;
    SecretHash::stored(bytes).map_err(|_| Unauthenticated::Invalid)
}

/// What a token says of the application that holds it. A scope that is not known here opens nothing.
fn application(claims: AccessClaims) -> Application {
    let scopes = claims.scope.unwrap_or_default();
    Application {
        grant: GrantId(claims.sid.uuid()),
        client: claims.client_id,
        verbs: scopes.split_whitespace().filter_map(|scope| scope.parse().ok()).collect(),
    }
}

fn verbs(stored: Vec<String>) -> Result<Vec<ApiKeyVerb>, Error> {
    let corrupt = |problem| StoreError::Corrupt { table: "api_keys", column: "scopes", problem };
    stored.iter().map(|verb| verb.parse().map_err(|problem| corrupt(problem).into())).collect()
}
