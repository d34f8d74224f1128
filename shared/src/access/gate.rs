//! The gate: from a credential to a caller.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use tokio_postgres::types::ToSql;

use super::context::Epochs;
use super::known::{Answers, Known};
use super::presumption::Presumption;
use super::proof::Proof;
use super::{
    AccessClaims, ApiKeyVerb, AuthContext, Classification, Credential, IdentityTx, Method, Proven,
    RequestInfo, SecretHash, TokenVerifier, UpkeepTx,
};
use crate::clock::Clock;
use crate::db::{Database, StoreError};
use crate::error::{Error, Result, Unauthenticated};
use crate::ids::{ApiKeyId, EnterpriseId, SessionId, UserId};
use crate::limits::{Limiter, Standing, Taken, Whose};
use crate::telemetry;

/// The path of the MCP endpoint, the one resource with tokens of its own.
pub const MCP: &str = "/mcp";

/// Authenticates a caller, and takes tokens from their buckets.
pub(crate) const PRINCIPAL: &str = "-- access.principal
    SELECT enterprise_id, user_id, email, account_kind, credential_id, verbs, within_scopes, ceiling, expired, tree_epoch,
           access_epoch, broad, packed, scope_ids, kinds, parents, held_on, held_as, named_ids, node_ids, names, granted,
           limits, quotas, remaining, body_bytes, policy
      FROM mem0.admit($1, $2, $3, $4, $5, $6, $7)";

/// What every function needs to authenticate callers. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    /// The database.
    pub db: Database,
    /// The clock.
    pub clock: Clock,
    tokens: TokenVerifier,
    answers: Answers,
    /// The resource that requests through this gate are for, if it is not the whole installation:
    /// `https://mem0.example/mcp`.
    resource: Option<Arc<str>>,
}

impl Gate {
    /// Creates a gate. `issuer` is the installation's public URL, which is both the issuer and the audience of access
    /// tokens.
    #[must_use]
    pub fn new(db: Database, clock: Clock, issuer: &str) -> Self {
        Self { db, clock, tokens: TokenVerifier::new(issuer), answers: Answers::default(), resource: None }
    }

    /// The same gate for one resource (RFC 8707), given by its path: it also accepts tokens that are valid only there.
    #[must_use]
    pub fn before(&self, path: &str) -> Self {
        Self { resource: Some(format!("{}{path}", self.issuer()).into()), ..self.clone() }
    }

    /// The accepted audiences of access tokens: this resource, or the whole installation.
    fn audiences(&self) -> Vec<&str> {
        self.resource.as_deref().into_iter().chain([self.issuer()]).collect()
    }

    /// The issuer and audience of access tokens: the installation's public URL.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.tokens.issuer()
    }

    /// Adds a key that this process signs access tokens with.
    pub(crate) fn learn_key(&self, kid: &str, public: &[u8; 32]) {
        self.tokens.learn(kid, public);
    }

    /// Authenticates a credential: returns the user it stands for and what they may see.
    pub async fn authenticate(&self, credential: &Credential, request: RequestInfo) -> Result<AuthContext> {
        let proven = self.prove(credential, &request).await?;
        Ok(self.principal(proven, request, 0).await?.0)
    }

    /// Like [`Self::authenticate`], for a credential that [`Self::prove`] has looked at and a request that counts against
    /// rate limits: also returns the caller's standing and whether the request is admitted.
    pub(crate) async fn admit(
        &self,
        limiter: &Limiter,
        proven: Result<Proven>,
        request: RequestInfo,
    ) -> Result<(AuthContext, Standing, Result<()>)> {
        let wrong = |error: &Error| matches!(error, Error::Unauthenticated(Unauthenticated::Invalid));
        let from = request.clone();
        // Access tokens that have expired by themselves prove nothing, and are renewed.
        let proof = proven.as_ref().ok().map(|proven| proven.proof);
        let admitted = self.admit_known(limiter, proven, request).await;
        if admitted.as_ref().is_err_and(wrong) {
            limiter.failures.note(&from);
        }
        if let (Err(Error::Unauthenticated(_)), Some(proof)) = (&admitted, proof) {
            self.note_refused(proof, &from).await;
        }
        admitted
    }

    /// Like [`Self::admit`], without recording a wrong credential.
    async fn admit_known(
        &self,
        limiter: &Limiter,
        proven: Result<Proven>,
        request: RequestInfo,
    ) -> Result<(AuthContext, Standing, Result<()>)> {
        let now = request.at;
        let proven = match proven {
            Ok(proven) => proven,
            Err(error) => return limiter.failures.check(&request).and(Err(error)),
        };
        // A caller who was let in before is let in again, whatever others behind the same address do.
        if self.answers.of(&proven.proof).is_none() {
            limiter.failures.check(&request)?;
        }
        let whose = Whose::Caller(proven.proof);
        match limiter.spend(whose, now) {
            Ok(standing) => {
                let (caller, _) = self.principal(proven, request, 0).await?;
                Ok((caller, standing, Ok(())))
            }
            Err(want) => {
                let (caller, taken) = self.principal(proven, request, want).await?;
                let taken = taken
                    .ok_or_else(|| StoreError::Unavailable("the rate limits gave no answer".to_owned()))?;
                let (standing, admitted) = limiter.lease(whose, now, taken);
                Ok((caller, standing, admitted))
            }
        }
    }

    /// Returns the caller whom this process knows by the credential, if it has asked about them a moment ago and they have
    /// a token left. Their first transaction checks that they are still let in; nothing may be answered before
    /// ([`AuthContext::is_proven`]).
    pub(crate) fn presume(
        &self,
        limiter: &Limiter,
        proven: &Proven,
        request: RequestInfo,
    ) -> Option<(AuthContext, Standing, Whose)> {
        let Proven { proof, claims } = proven.clone();
        let known = self.answers.of(&proof).filter(|known| known.is_fresh(request.at))?;
        let presumption = Presumption::new(proof, known.clone(), self.answers.clone());
        let caller = caller(proof, claims, request, known, Some(presumption)).ok()?;
        let whose = Whose::Caller(proof);
        let standing = limiter.spend(whose, caller.request.at).ok()?;
        telemetry::authenticated(caller.enterprise, caller.user);
        Some((caller, standing, whose))
    }

    /// Returns what a credential proves by itself: a token is genuine, for this address, and has not expired.
    pub(crate) async fn prove(&self, credential: &Credential, request: &RequestInfo) -> Result<Proven> {
        match credential {
            Credential::ApiKey(secret) => Ok(Proven::key(SecretHash::of(secret.expose_secret()))),
            Credential::AccessToken(token) => {
                let claims = self.verify(token.expose_secret(), &self.audiences(), request).await?;
                Ok(Proven::token(claims)?)
            }
        }
    }

    /// Begins a transaction for signing in, before there is a caller.
    pub async fn sign_in(&self, name: &'static str) -> Result<IdentityTx, StoreError> {
        IdentityTx::begin(&self.db, name).await
    }

    /// Begins a transaction for background work that nobody requested.
    pub async fn upkeep(&self, name: &'static str) -> Result<UpkeepTx, StoreError> {
        UpkeepTx::begin(&self.db, name).await
    }

    /// Authenticates a login session, for pages that identify it by a cookie instead of a token.
    pub(crate) async fn resume(&self, session: SessionId, request: RequestInfo) -> Result<AuthContext> {
        let proven = Proven::session(session);
        Ok(self.principal(proven, request, 0).await?.0)
    }

    /// Returns the claims of a genuine access token, whatever its audience, to its issuer. Whether its session is still
    /// alive is not checked.
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

    /// Looks up who a credential stands for. The answer includes the readable scopes only if they differ from those
    /// this process knows. If tokens are wanted, they are taken from the buckets of the key or application, the user
    /// and the tenant, according to its plan, and are not returned, whatever becomes of the request.
    async fn principal(
        &self,
        proven: Proven,
        request: RequestInfo,
        want: i32,
    ) -> Result<(AuthContext, Option<Taken>)> {
        let limited = proven.is_limited_by_itself();
        let Proven { proof, claims } = proven;
        let known = self.answers.of(&proof);
        let (hash, session) = match &proof {
            Proof::ApiKey(hash) => (Some(hash.as_bytes()), None),
            Proof::Session(session) => (None, Some(session.uuid())),
        };
        let epochs = (known.as_ref().map(|known| known.tree), known.as_ref().map(|known| known.access));
        let params: [&(dyn ToSql + Sync); 7] =
            [&hash, &session, &request.at, &epochs.0, &epochs.1, &limited, &want];
        let rows = self.db.query_alone("access.principal", PRINCIPAL, &params).await?;
        let Some(row) = rows.first() else {
            self.answers.forget(&proof);
            return Err(Unauthenticated::Invalid.into());
        };
        if row.get("expired") {
            return Err(Unauthenticated::Expired.into());
        }
        let known = self.answers.learn(proof, known, row, request.at)?;
        let caller = caller(proof, claims, request, known, None)?;
        telemetry::authenticated(caller.enterprise, caller.user);
        let taken = row.get::<_, Option<i32>>("granted").map(|granted| Taken::from_row(granted, row));
        Ok((caller, taken))
    }
}

/// Builds a caller from what is known about the credential.
fn caller(
    proof: Proof,
    claims: Option<AccessClaims>,
    request: RequestInfo,
    known: Known,
    presumption: Option<Arc<Presumption>>,
) -> Result<AuthContext> {
    let who = &known.who;
    let method = match proof {
        Proof::ApiKey(_) => Method::ApiKey(ApiKeyId(who.credential), verbs(who.verbs.as_deref())?),
        Proof::Session(_) => Method::Session(SessionId(who.credential)),
    };
    let mut caller = AuthContext {
        enterprise: EnterpriseId(who.enterprise),
        user: UserId(who.user),
        email: who.email.clone(),
        service: who.kind == "service",
        method,
        request,
        ceiling: ceiling(who.ceiling.as_deref())?,
        withheld: Vec::new(),
        scopes: known.scopes,
        within: known.within,
        policy: Some(known.policy),
        epochs: Some(Epochs { tree: known.tree, access: known.access }),
        presumption,
        simulated: false,
    };
    if let Some(claims) = claims {
        caller.claim(claims)?;
    }
    Ok(caller)
}

/// The highest class that a key may be used for; every class if the key has no ceiling.
fn ceiling(stored: Option<&str>) -> Result<Classification, Error> {
    let corrupt = |problem| StoreError::Corrupt { table: "api_keys", column: "ceiling", problem };
    Ok(stored.map_or(Ok(Classification::Restricted), str::parse).map_err(corrupt)?)
}

fn verbs(stored: Option<&[String]>) -> Result<Vec<ApiKeyVerb>, Error> {
    let corrupt = |problem| StoreError::Corrupt { table: "api_keys", column: "scopes", problem };
    stored
        .unwrap_or_default()
        .iter()
        .map(|verb| verb.parse().map_err(|problem| corrupt(problem).into()))
        .collect()
}
