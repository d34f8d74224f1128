//! The keys of a provider: as they were read, and read again when a signature is by none of them.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;

use super::store::{self, Provider};
use crate::identity::Identity;
use crate::identity::oauth::{Code, OAuthError, Result};

/// Keys are believed so long without looking again: one that was withdrawn is forgotten then.
const FRESH: TimeDelta = TimeDelta::hours(1);

/// However many signatures do not fit, keys are not read more often.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

impl Identity {
    /// The keys of a provider, read again if they are old, or if `missed` and that was not tried just now.
    pub(super) async fn provider_keys(
        &self,
        provider: &Provider,
        missed: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<JwkSet>> {
        let age = now - provider.jwks_read_at;
        let due = if missed { age > PAUSE } else { age > FRESH };
        let Some(address) = provider.jwks_uri.as_deref().filter(|_| due) else {
            return if missed { Ok(None) } else { parse(&provider.jwks.to_string()).map(Some) };
        };
        let read = self.read_keys(address).await;
        if let Err(problem) = &read {
            tracing::warn!(provider.id = %provider.id, %problem, "the keys of an identity provider could not be read");
            return if missed { Ok(None) } else { parse(&provider.jwks.to_string()).map(Some) };
        }
        let (keys, document) = read?;
        let tx = self.gate().sign_in("identity_provider.keys").await?;
        store::update_keys(&tx, provider, &document, now).await?;
        tx.commit().await?;
        Ok(Some(keys))
    }

    /// The keys at an address, also as they are stored.
    pub(super) async fn read_keys(&self, address: &str) -> Result<(JwkSet, serde_json::Value)> {
        let invalid = |problem: String| OAuthError::new(Code::InvalidRequest, format!("jwks_uri: {problem}"));
        let bytes = self.fetcher().get(address).await.map_err(invalid)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| invalid(error.to_string()))?;
        let keys = parse(text)?;
        let document = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        Ok((keys, document))
    }
}

/// Keys that signatures can be checked with. Those of other kinds are left out: providers publish them side by side.
pub(super) fn parse(text: &str) -> Result<JwkSet> {
    #[derive(serde::Deserialize)]
    struct Any {
        keys: Vec<serde_json::Value>,
    }
    let invalid = |problem: String| OAuthError::new(Code::InvalidRequest, format!("jwks: {problem}"));
    let any: Any = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    let keys = any.keys.into_iter().filter(|key| key["kty"] != "oct" && key["use"] != "enc");
    let keys: Vec<_> = keys.filter_map(|key| serde_json::from_value(key).ok()).collect();
    if keys.is_empty() {
        return Err(invalid("there is no public key for signatures in it".to_owned()));
    }
    Ok(JwkSet { keys })
}
