//! Applications that an enterprise registers for its identity provider
//! ([`assertion`](crate::identity::oauth::assertion)): they authenticate, and exchange that provider's assertions only.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Serialize;
use uuid::Uuid;

use super::{Client, GrantType, Keys, PREFIX, Proof, SECRET_PREFIX};
use crate::access::SecretHash;
use crate::error::Result;
use crate::ids::IdentityProviderId;
use crate::random;

/// Such an application, as its enterprise sees it.
#[derive(Debug, Clone, Serialize)]
pub struct RegisteredApplication {
    /// The id that the provider writes into its assertions.
    pub client_id: String,
    /// The display name.
    pub name: String,
    /// How it authenticates.
    pub token_endpoint_auth_method: String,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// Its place among those of the same time.
    #[serde(skip)]
    pub(in crate::identity::oauth) key: Uuid,
}

/// Creates an application with these keys, or with a secret, which is returned too.
pub(in crate::identity::oauth) fn confidential(
    name: String,
    provider: IdentityProviderId,
    keys: Option<Keys>,
) -> Result<(Client, Option<SecretString>)> {
    let (proof, secret) = match keys {
        Some(keys) => (Proof::Keys(keys), None),
        None => {
            let secret = random::secret(SECRET_PREFIX)?;
            (Proof::Secret(SecretHash::of(&secret)), Some(secret.into()))
        }
    };
    let client = Client {
        id: random::secret(PREFIX)?,
        name,
        uri: None,
        redirect_uris: Vec::new(),
        grant_types: vec![GrantType::JwtBearer],
        provider: Some(provider),
        proof,
    };
    Ok((client, secret))
}
