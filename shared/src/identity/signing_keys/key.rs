//! One signing key: Ed25519 (RFC 8032), its JWK (RFC 8037) and what it signs.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::SecretString;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::access::AccessClaims;
use crate::access::token::{FIRST_PARTY, TYPE};
use crate::error::{Error, Result};
use crate::identity::refresh_tokens::Family;
use crate::random;

/// The lifetime of an access token; its session may end earlier.
pub const ACCESS_TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// The PKCS #8 encoding of an Ed25519 key, up to the seed (RFC 8410 section 7).
const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// A key that signs access tokens.
#[derive(Clone)]
pub struct SigningKey {
    /// The `kid`: the thumbprint of the public key (RFC 7638).
    pub id: String,
    /// The seed of the private key.
    pub(super) seed: [u8; 32],
    /// The public key.
    pub public: [u8; 32],
    /// When it starts signing.
    pub active_from: DateTime<Utc>,
}

/// What an access token is valid for, and who holds it.
pub(in crate::identity) struct Terms<'a> {
    /// The resource it is for.
    pub(in crate::identity) audience: &'a str,
    /// The application that holds it.
    pub(in crate::identity) client: &'a str,
    /// What the application may do with it; `None` for our own logins.
    pub(in crate::identity) scope: Option<String>,
    /// The hash of the API key that the token stands for, if any.
    pub(in crate::identity) key: Option<String>,
}

/// A public key as a JWK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    r#use: &'static str,
    /// The `kid`.
    pub kid: String,
    /// The public key, in base64url.
    pub x: String,
}

impl SigningKey {
    /// Generates a new key.
    pub(super) fn generate(active_from: DateTime<Utc>) -> Result<Self> {
        random::bytes().map(|seed| Self::from_seed(seed, active_from))
    }

    /// Derives the key from a seed (RFC 8032 section 5.1.5).
    #[must_use]
    pub fn from_seed(seed: [u8; 32], active_from: DateTime<Utc>) -> Self {
        let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        Self { id: thumbprint(&public), seed, public, active_from }
    }

    /// The public key, for verifying tokens.
    #[must_use]
    pub fn jwk(&self) -> Jwk {
        let x = URL_SAFE_NO_PAD.encode(self.public);
        Jwk { kty: "OKP", crv: "Ed25519", alg: "EdDSA", r#use: "sig", kid: self.id.clone(), x }
    }

    /// Issues an access token for a session, and returns how long it is valid.
    pub(in crate::identity) fn issue(
        &self,
        issuer: &str,
        family: &Family,
        now: DateTime<Utc>,
    ) -> Result<(SecretString, TimeDelta)> {
        let terms = Terms { audience: issuer, client: FIRST_PARTY, scope: None, key: None };
        self.issue_on(terms, issuer, family, now)
    }

    /// Issues an access token on an application's terms, and returns how long it is valid.
    pub(in crate::identity) fn issue_on(
        &self,
        terms: Terms<'_>,
        issuer: &str,
        family: &Family,
        now: DateTime<Utc>,
    ) -> Result<(SecretString, TimeDelta)> {
        let lifetime = ACCESS_TOKEN_LIFETIME.min(family.ends_at - now);
        let claims = AccessClaims {
            iss: issuer.to_owned(),
            aud: terms.audience.to_owned(),
            jti: URL_SAFE_NO_PAD.encode(random::bytes::<16>()?),
            client_id: terms.client.to_owned(),
            scope: terms.scope,
            key: terms.key,
            sub: family.user,
            enterprise: family.enterprise,
            sid: family.session,
            iat: now.timestamp(),
            exp: (now + lifetime).timestamp(),
        };
        Ok((self.sign(&claims)?.into(), lifetime))
    }

    /// Signs any claims.
    pub fn sign(&self, claims: &AccessClaims) -> Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.id.clone());
        let pkcs8 = [PKCS8_HEAD.as_slice(), &self.seed].concat();
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&pkcs8)).map_err(Error::internal)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The thumbprint of RFC 7638: the hash of the required members in lexical order, without spaces.
fn thumbprint(public: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_the_one_of_rfc_8037() {
        // RFC 8037 appendix A.1 to A.3.
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::from_seed(seed.try_into().unwrap(), DateTime::UNIX_EPOCH);
        assert_eq!(key.jwk().x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
