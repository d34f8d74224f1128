//! Client authentication (RFC 6749 section 2.3).

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use super::{Client, Need, Proof, assertion};
use crate::access::{RequestInfo, SecretHash};
use crate::identity::Identity;
use crate::identity::oauth::{Code, OAuthError, Result};
use crate::identity::throttle::{self, Bucket};

/// The client's credentials, from the header or the body of a request.
#[derive(Debug, Default)]
pub struct Credentials {
    /// `client_id`.
    pub id: Option<String>,
    /// `client_secret`.
    pub secret: Option<SecretString>,
    /// `client_assertion`.
    pub assertion: Option<SecretString>,
}

impl Identity {
    /// Authenticates the client that sends a request. A public client is only identified: its code or token proves the
    /// rest.
    pub async fn authenticate_client(&self, request: &RequestInfo, given: &Credentials) -> Result<Client> {
        let refuse = |what: &str| OAuthError::new(Code::InvalidClient, what);
        let id = match (&given.id, &given.assertion) {
            (Some(id), _) => id.clone(),
            (None, Some(assertion)) => assertion::subject(assertion)?,
            (None, None) => return Err(refuse("client_id is missing")),
        };
        let client = self.client_that(&id, request, Need::Known).await?;
        let secret = given.secret.as_ref().map(|secret| secret.expose_secret());
        let proven = match (&client.proof, secret, &given.assertion) {
            (Proof::None, None | Some(""), None) => Ok(()),
            (Proof::None, ..) => {
                return Err(refuse("this application is public, it has no secret and no keys"));
            }
            (Proof::Secret(_), _, Some(_)) => return Err(refuse("this application has a secret, no keys")),
            (Proof::Secret(_), None, None) => return Err(refuse("client_secret is missing")),
            (Proof::Secret(hash), Some(secret), None) => {
                let right = SecretHash::of(secret).as_bytes().ct_eq(hash.as_bytes());
                if right.into() { Ok(()) } else { Err(refuse("client_secret is wrong")) }
            }
            (Proof::Keys(_), _, None) => return Err(refuse("client_assertion is missing")),
            (Proof::Keys(keys), _, Some(assertion)) => {
                self.believe(&client, keys, assertion, request.at).await
            }
        };
        if let Err(OAuthError::Refused(..)) = &proven {
            let tx = self.gate().sign_in("oauth_client.failure").await?;
            let attempt = throttle::reserve(&tx, [Bucket::refresh(request)], request.at).await?;
            tx.commit().await?;
            attempt.admitted()?;
        }
        proven.map(|()| client)
    }
}
