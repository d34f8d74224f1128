//! What a credential proves by itself, before the database is asked who it stands for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::token::FIRST_PARTY;
use super::{AccessClaims, ApiKeyVerb, Application, AuthContext, Method, SecretHash};
use crate::error::{Result, Unauthenticated};
use crate::ids::{GrantId, SessionId};

/// What somebody proves who they are with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Proof {
    ApiKey(SecretHash),
    Session(SessionId),
}

/// A credential that is genuine, if perhaps no longer good for anything.
pub(super) struct Proven {
    /// What it is looked up by.
    pub(super) proof: Proof,
    /// What it says, if it is an access token.
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

    /// Whether it has a rate of its own: keys have, and what a person lets an application do; their own logins share theirs.
    pub(super) fn is_limited_by_itself(&self) -> bool {
        let applied = self.claims.as_ref().is_some_and(|claims| claims.client_id != FIRST_PARTY);
        applied || matches!(self.proof, Proof::ApiKey(_))
    }
}

impl AuthContext {
    /// Takes what an access token says of whoever holds it.
    pub(super) fn claim(&mut self, claims: AccessClaims) -> Result<()> {
        if self.user != claims.sub || self.enterprise != claims.enterprise {
            return Err(Unauthenticated::Invalid.into());
        }
        match &mut self.method {
            // What the key may do by now, and the token as well.
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
