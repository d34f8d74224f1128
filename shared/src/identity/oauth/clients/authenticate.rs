//! Client authentication (RFC 6749 section 2.3).

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use super::{Client, Proof};
use crate::access::{RequestInfo, SecretHash};
use crate::identity::Identity;
use crate::identity::oauth::{Code, OAuthError, Result};
use crate::identity::throttle::{self, Bucket};

/// What a request says about who sends it, in its header or its body.
#[derive(Debug, Default)]
pub struct Credentials {
    /// `client_id`.
    pub id: Option<String>,
    /// `client_secret`.
    pub secret: Option<SecretString>,
}

impl Identity {
    /// The application that sends a request. One without a secret is only named: what it brings proves the rest.
    pub async fn authenticate_client(&self, request: &RequestInfo, given: &Credentials) -> Result<Client> {
        let refuse = |what: &str| Err(OAuthError::new(Code::InvalidClient, what));
        let Some(id) = &given.id else { return refuse("client_id is missing") };
        let client = self.client(id, request.at).await?;
        match (&client.proof, &given.secret) {
            (Proof::None, None) => Ok(client),
            (Proof::None, Some(secret)) if secret.expose_secret().is_empty() => Ok(client),
            (Proof::None, Some(_)) => refuse("this application has no secret"),
            (Proof::Secret(_), None) => refuse("client_secret is missing"),
            (Proof::Secret(hash), Some(secret)) => {
                let given = SecretHash::of(secret.expose_secret());
                if bool::from(given.as_bytes().ct_eq(hash.as_bytes())) {
                    return Ok(client);
                }
                let tx = self.gate().sign_in("oauth_client.failure").await?;
                let attempt = throttle::reserve(&tx, [Bucket::refresh(request)], request.at).await?;
                tx.commit().await?;
                attempt.admitted()?;
                refuse("client_secret is not right")
            }
        }
    }
}
