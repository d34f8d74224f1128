//! Access tokens: JWTs signed with Ed25519 (RFC 9068 `at+jwt`), short-lived, and checked against the session they
//! belong to on every request.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::IdentityTx;
use crate::db::StoreError;
use crate::error::Unauthenticated;
use crate::ids::{EnterpriseId, SessionId, UserId};

/// The `typ` of an access token, so that no other JWT passes for one.
const TYPE: &str = "at+jwt";

/// A process asks for keys it does not know at most this often.
const REFRESH_INTERVAL: Duration = Duration::from_secs(5);

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Issuer: the installation's public URL.
    pub iss: String,
    /// Audience: the API, the same URL.
    pub aud: String,
    /// Whose token.
    pub sub: UserId,
    /// Their tenant.
    pub enterprise: EnterpriseId,
    /// The login it belongs to.
    pub sid: SessionId,
    /// Issued at, seconds since 1970.
    pub iat: i64,
    /// Expires at, seconds since 1970.
    pub exp: i64,
}

/// A key that signs access tokens.
pub struct SigningKey {
    /// The `kid`.
    pub id: String,
    /// PKCS #8, DER.
    pub private_key: Vec<u8>,
}

impl SigningKey {
    /// Signs a token.
    pub fn sign(&self, claims: &AccessClaims) -> Result<String, crate::Error> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&self.private_key))
            .map_err(crate::Error::internal)
    }
}

/// Checks access tokens. Keeps the public keys it has seen; cheap to clone.
#[derive(Clone)]
pub struct TokenVerifier {
    issuer: Arc<str>,
    keys: Arc<RwLock<Keys>>,
}

#[derive(Default)]
struct Keys {
    known: HashMap<String, DecodingKey>,
    loaded_at: Option<Instant>,
}

impl TokenVerifier {
    pub(super) fn new(issuer: &str) -> Self {
        Self { issuer: issuer.into(), keys: Arc::default() }
    }

    /// The `kid` of a token that this verifier should fetch keys for, if any.
    pub(super) fn missing_key(&self, token: &str) -> Result<bool, Unauthenticated> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Unauthenticated::Invalid)?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TYPE) {
            return Err(Unauthenticated::Invalid);
        }
        let kid = header.kid.ok_or(Unauthenticated::Invalid)?;
        let Ok(keys) = self.keys.read() else { return Ok(true) };
        let recent = keys.loaded_at.is_some_and(|at| at.elapsed() < REFRESH_INTERVAL);
        Ok(!keys.known.contains_key(&kid) && !recent)
    }

    pub(super) async fn load(&self, tx: &IdentityTx) -> Result<(), StoreError> {
        const ALL: &str = "-- signing_key.list_public
            SELECT id, public_key FROM signing_keys";
        let rows = tx.query(ALL, &[]).await?;
        let known = rows.iter().map(|row| {
            let public: Vec<u8> = row.get(1);
            (row.get::<_, String>(0), DecodingKey::from_ed_der(&public))
        });
        if let Ok(mut keys) = self.keys.write() {
            keys.known = known.collect();
            keys.loaded_at = Some(Instant::now());
        }
        Ok(())
    }

    /// The claims of a token that is genuine, meant for us and not expired at that time.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, Unauthenticated> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Unauthenticated::Invalid)?;
        let kid = header.kid.ok_or(Unauthenticated::Invalid)?;
        let keys = self.keys.read().map_err(|_| Unauthenticated::Invalid)?;
        let key = keys.known.get(&kid).ok_or(Unauthenticated::Invalid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Against the request's clock, below.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<AccessClaims>(token, key, &validation)
            .map_err(|_| Unauthenticated::Invalid)?
            .claims;
        if claims.exp <= now.timestamp() {
            return Err(Unauthenticated::Expired);
        }
        Ok(claims)
    }
}

/// A public key as JWKS shows it (RFC 8037).
#[must_use]
pub(crate) fn jwk(kid: &str, public_key: &[u8]) -> serde_json::Value {
    serde_json::json!({
        "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
        "kid": kid, "x": URL_SAFE_NO_PAD.encode(public_key),
    })
}
