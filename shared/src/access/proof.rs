//! What a credential proves by itself, before the database is asked whose it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::token::FIRST_PARTY;
use super::{AccessClaims, ApiKeyVerb, Application, AuthContext, Method, SecretHash};
use crate::error::{Result, Unauthenticated};
use crate::ids::{GrantId, SessionId};

/// The proof of identity that a credential contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Proof {
    ApiKey(SecretHash),
    Session(SessionId),
}

/// A genuine credential, which may have expired or been revoked.
#[derive(Clone)]
pub(crate) struct Proven {
    /// The lookup key.
    pub(super) proof: Proof,
    /// The claims, if it is an access token.
    pub(super) claims: Option<AccessClaims>,
}

impl Proven {
    pub(super) fn key(hash: SecretHash) -> Self {
        Self { proof: Proof::ApiKey(hash), claims: None }
    }

    pub(super) fn session(session: SessionId) -> Self {
        Self { proof: Proof::Session(session), claims: None }
    }

    pub(super) fn token(claims: AccessClaims) -> Result<Self, Unauthenticated> {
        let proof = match &claims.key {
            Some(hash) => Proof::ApiKey(key_hash(hash)?),
            None => Proof::Session(claims.sid),
        };
        Ok(Self { proof, claims: Some(claims) })
    }

    /// Whether it has a rate limit of its own. API keys have one, and so has each application acting for a user; the
    /// user's own logins share one.
    pub(super) fn is_limited_by_itself(&self) -> bool {
        let applied = self.claims.as_ref().is_some_and(|claims| claims.client_id != FIRST_PARTY);
        applied || matches!(self.proof, Proof::ApiKey(_))
    }
}

impl AuthContext {
    /// Applies the claims of an access token to the caller.
    pub(super) fn claim(&mut self, claims: AccessClaims) -> Result<()> {
        if self.user != claims.sub || self.enterprise != claims.enterprise {
            return Err(Unauthenticated::Invalid.into());
        }
        match &mut self.method {
            // Only what both the key now allows and the token carries.
            Method::ApiKey(_, verbs) => {
                let scopes = claims.scope.unwrap_or_default();
                let in_token =
                    |verb: &ApiKeyVerb| scopes.split_whitespace().any(|scope| scope == verb.as_str());
                (*verbs, self.withheld) = std::mem::take(verbs).into_iter().partition(in_token);
            }
            method if claims.client_id != FIRST_PARTY => {
                *method = Method::Application(application(claims));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Decodes the hash of a key from a token.
fn key_hash(text: &str) -> Result<SecretHash, Unauthenticated> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unauthenticated::Invalid)?;
    SecretHash::stored(bytes).map_err(|_| Unauthenticated::Invalid)
}

/// The application that a token was issued to. Unknown scopes grant nothing.
fn application(claims: AccessClaims) -> Application {
    let scopes = claims.scope.unwrap_or_default();
    Application {
        grant: GrantId(claims.sid.uuid()),
        client: claims.client_id,
        verbs: scopes.split_whitespace().filter_map(|scope| scope.parse().ok()).collect(),
    }
}
