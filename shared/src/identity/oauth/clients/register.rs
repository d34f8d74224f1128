//! Dynamic client registration (RFC 7591): open to anybody, limited by address, and deleted unless used.

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::{AUTH_METHODS, Client, Metadata, PREFIX, PRIVATE_KEY_JWT, Proof, SECRET_PREFIX, UNUSED, store};
use crate::access::{RequestInfo, SecretHash};
use crate::identity::Identity;
use crate::identity::oauth::{Code, OAuthError, Result};
use crate::identity::throttle::{self, Bucket};
use crate::random;

/// A new client, and its secret if it has one.
#[derive(Debug)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// How it authenticates.
    pub auth_method: String,
    /// The secret, shown only once.
    pub secret: Option<SecretString>,
    /// The time of registration.
    pub at: DateTime<Utc>,
}

impl Identity {
    /// Registers a client.
    pub async fn register_client(&self, request: &RequestInfo, metadata: Metadata) -> Result<Registered> {
        let now = request.at;
        let tx = self.gate().sign_in("oauth_client.registration").await?;
        let attempt = throttle::reserve(&tx, [Bucket::register_client(request)], now).await?;
        tx.commit().await?;
        attempt.admitted()?;

        let auth_method = metadata.token_endpoint_auth_method.clone().unwrap_or_else(|| "none".to_owned());
        let (proof, secret) = match auth_method.as_str() {
            "none" => (Proof::None, None),
            "client_secret_basic" | "client_secret_post" => {
                let secret = random::secret(SECRET_PREFIX)?;
                (Proof::Secret(SecretHash::of(&secret)), Some(secret))
            }
            PRIVATE_KEY_JWT => (Proof::Keys(metadata.keys(self.fetcher())?), None),
            _ => {
                let what = format!("token_endpoint_auth_method must be one of {}", AUTH_METHODS.join(", "));
                return Err(OAuthError::new(Code::InvalidClientMetadata, what));
            }
        };
        let checked = metadata.check()?;
        let client = Client {
            id: random::secret(PREFIX)?,
            name: checked.name,
            uri: checked.uri,
            redirect_uris: checked.redirect_uris,
            grant_types: checked.grant_types,
            provider: None,
            proof,
        };
        let tx = self.gate().sign_in("oauth_client.register").await?;
        store::forget_unused(&tx, now).await?;
        store::put(&tx, &client, "registration", &auth_method, now, now + UNUSED).await?;
        tx.commit().await?;
        tracing::info!(client.id = %client.id, "an application was registered");
        Ok(Registered { client, auth_method, secret: secret.map(SecretString::from), at: now })
    }
}
