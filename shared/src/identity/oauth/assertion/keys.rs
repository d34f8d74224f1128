//! The keys of a provider: cached, and read again when none of them verifies a signature.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::JwkSet;

use super::store::{self, Provider};
use crate::identity::Identity;
use crate::identity::oauth::{Code, OAuthError, Result, jwks};

impl Identity {
    /// Returns the keys of a provider, read again if they are old, or if `missed` and this was not tried just now.
    pub(super) async fn provider_keys(
        &self,
        provider: &Provider,
        missed: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<JwkSet>> {
        let due = jwks::due(Some(provider.jwks_read_at), missed, now);
        let Some(address) = provider.jwks_uri.as_deref().filter(|_| due) else {
            return if missed { Ok(None) } else { parse(&provider.jwks).map(Some) };
        };
        let read = self.read_keys(address).await;
        if let Err(problem) = &read {
            tracing::warn!(provider.id = %provider.id, %problem, "the keys of an identity provider could not be read");
            return if missed { Ok(None) } else { parse(&provider.jwks).map(Some) };
        }
        let (keys, document) = read?;
        let tx = self.gate().sign_in("identity_provider.keys").await?;
        store::update_keys(&tx, provider, &document, now).await?;
        tx.commit().await?;
        Ok(Some(keys))
    }

    /// Reads the keys at a URL; also returns the document as it is stored.
    pub(super) async fn read_keys(&self, address: &str) -> Result<(JwkSet, serde_json::Value)> {
        let invalid = |problem: String| OAuthError::new(Code::InvalidRequest, format!("jwks_uri: {problem}"));
        jwks::read(self.fetcher(), address).await.map_err(invalid)
    }
}

/// Parses keys that came with a request or are stored.
pub(super) fn parse(document: &serde_json::Value) -> Result<JwkSet> {
    jwks::parse(document).map_err(|problem| OAuthError::new(Code::InvalidRequest, format!("jwks: {problem}")))
}
