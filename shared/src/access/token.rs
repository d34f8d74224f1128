//! Access tokens as a request presents them: short-lived JWTs signed with Ed25519 (RFC 9068, RFC 8037), checked on
//! every request against the session they belong to. They are issued by `identity`.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};

use super::{IdentityTx, MCP};
use crate::db::StoreError;
use crate::error::Unauthenticated;
use crate::ids::{EnterpriseId, SessionId, UserId};

/// The `typ` of an access token, so that no other JWT is accepted as one.
pub(crate) const TYPE: &str = "at+jwt";

/// The `client_id` in tokens of our own logins (RFC 9068 section 2.2). No application can have it.
pub(crate) const FIRST_PARTY: &str = "mem0";

/// The minimum interval between lookups of unknown keys by one process.
const REFRESH_INTERVAL: TimeDelta = TimeDelta::seconds(5);

/// Keys are read again after this time, so that a withdrawn key is forgotten.
const KEPT_FOR: TimeDelta = TimeDelta::minutes(10);

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Issuer: the installation's public URL.
    pub iss: String,
    /// Audience (RFC 8707): the same URL for the whole installation, or with `/mcp` for only that endpoint.
    pub aud: String,
    /// The token's own id.
    pub jti: String,
    /// The application it was issued to: [`FIRST_PARTY`] for our own logins.
    pub client_id: String,
    /// What the application may do, separated by spaces (RFC 9068); absent for our own logins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The user.
    pub sub: UserId,
    /// The user's tenant.
    pub enterprise: EnterpriseId,
    /// The hash of the API key that the token stands for: the token of a service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The login the token belongs to, or the grant that a user gave to an application. A grant is stored as a session
    /// too, and its [`GrantId`](crate::ids::GrantId) has the same UUID.
    pub sid: SessionId,
    /// Issued at, seconds since 1970.
    pub iat: i64,
    /// Expires at, seconds since 1970.
    pub exp: i64,
}

/// Verifies access tokens. Caches public keys; cheap to clone.
#[derive(Clone)]
pub struct TokenVerifier {
    issuer: Arc<str>,
    keys: Arc<RwLock<Keys>>,
}

#[derive(Default)]
struct Keys {
    known: HashMap<String, DecodingKey>,
    loaded_at: Option<DateTime<Utc>>,
}

impl TokenVerifier {
    pub(super) fn new(issuer: &str) -> Self {
        Self { issuer: issuer.into(), keys: Arc::default() }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether keys should be read before this token is verified.
    pub(super) fn needs_keys(&self, token: &str, now: DateTime<Utc>) -> Result<bool, Unauthenticated> {
        let kid = kid(token)?;
        let Ok(keys) = self.keys.read() else { return Ok(true) };
        let age = keys.loaded_at.map(|at| now - at);
        Ok(match age {
            Some(age) if keys.known.contains_key(&kid) => age > KEPT_FOR,
            Some(age) => age >= REFRESH_INTERVAL,
            None => true,
        })
    }

    pub(super) async fn load(&self, tx: &IdentityTx, now: DateTime<Utc>) -> Result<(), StoreError> {
        const ALL: &str = "-- signing_key.list_public
            SELECT id, public_key FROM signing_keys";
        let rows = tx.query(ALL, &[]).await?;
        let known = rows.iter().map(|row| {
            let public: Vec<u8> = row.get(1);
            (row.get::<_, String>(0), DecodingKey::from_ed_der(&public))
        });
        if let Ok(mut keys) = self.keys.write() {
            keys.known = known.collect();
            keys.loaded_at = Some(now);
        }
        Ok(())
    }

    /// Adds a key that this process signs with, so that it does not refuse its own token because it read the keys just
    /// before this one was created.
    pub(super) fn learn(&self, kid: &str, public: &[u8; 32]) {
        if let Ok(mut keys) = self.keys.write() {
            keys.known.entry(kid.to_owned()).or_insert_with(|| DecodingKey::from_ed_der(public));
        }
    }

    /// Verifies a token: it must be genuine, meant for one of these audiences and not expired at that time.
    pub fn verify(
        &self,
        token: &str,
        audiences: &[&str],
        now: DateTime<Utc>,
    ) -> Result<AccessClaims, Unauthenticated> {
        let kid = kid(token)?;
        let keys = self.keys.read().map_err(|_| Unauthenticated::Invalid)?;
        let key = keys.known.get(&kid).ok_or(Unauthenticated::Invalid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        // Checked below, to say where the token is valid.
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Checked below, against the request's clock.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<AccessClaims>(token, key, &validation)
            .map_err(|_| Unauthenticated::Invalid)?
            .claims;
        if claims.exp <= now.timestamp() {
            return Err(Unauthenticated::Expired);
        }
        if audiences.contains(&&*claims.aud) {
            Ok(claims)
        } else if claims.aud.strip_prefix(&*self.issuer) == Some(MCP) {
            Err(Unauthenticated::Elsewhere(claims.aud))
        } else {
            Err(Unauthenticated::Invalid)
        }
    }
}

/// The id of the key that a token names, if its header has the required algorithm and type.
fn kid(token: &str) -> Result<String, Unauthenticated> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Unauthenticated::Invalid)?;
    if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TYPE) {
        return Err(Unauthenticated::Invalid);
    }
    header.kid.ok_or(Unauthenticated::Invalid)
}
