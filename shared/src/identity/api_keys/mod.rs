//! API keys: made by their owner in a login, shown once, stored as a hash, and revoked for good.
//!
//! A key cannot make, list or revoke keys: one that leaked could otherwise outlive its own revocation. What a key may
//! be used for is checked in `access`.

mod store;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;

use super::{Identity, accounts};
use crate::access::{ApiKeyVerb, AuthContext, SecretHash};
use crate::audit::{self, Entry};
use crate::error::{Error, Result, Unauthenticated};
use crate::ids::ApiKeyId;
use crate::page::{Cursor, List, QueryHash};
use crate::{name, random};

/// What an API key begins with.
pub const PREFIX: &str = "m0sk_";

/// How much of a key is stored to recognize it by.
const SHOWN: usize = PREFIX.len() + 6;

/// Most keys that somebody can have at a time.
const MOST: i64 = 100;

/// The furthest that an expiry can be away.
const LONGEST: TimeDelta = TimeDelta::days(3650);

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for; not empty.
    pub scopes: Vec<ApiKeyVerb>,
    /// When it ends; none: when it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key, as its owner sees it: everything but the secret.
#[derive(Debug, Clone, Serialize)]
pub struct ApiKeyView {
    /// `key_…`.
    pub id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// How the secret begins.
    pub prefix: String,
    /// What it may be used for.
    pub scopes: Vec<ApiKeyVerb>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends; none: when it is revoked.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Identity {
    /// Makes a key for the caller. The secret is in the answer and nowhere else.
    pub async fn create_api_key(
        &self,
        caller: &AuthContext,
        new: NewApiKey,
    ) -> Result<(ApiKeyView, SecretString)> {
        caller.session()?;
        let now = caller.request().at;
        let name = name::checked(&new.name, "name")?;
        if new.scopes.is_empty() {
            let known = ApiKeyVerb::ALL.map(ApiKeyVerb::as_str).join(", ");
            return Err(Error::invalid("scopes", format!("a key needs at least one scope of {known}")));
        }
        if let Some(expires_at) = new.expires_at
            && !(now..=now + LONGEST).contains(&expires_at)
        {
            let days = LONGEST.num_days();
            return Err(Error::invalid("expires_at", format!("a key ends in the next {days} days or never")));
        }
        let mut scopes = new.scopes;
        scopes.sort_unstable();
        scopes.dedup();
        let secret = random::secret(PREFIX)?;
        let key = ApiKeyView {
            id: ApiKeyId::generate(),
            name,
            prefix: secret[..SHOWN].to_owned(),
            scopes,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
        };

        let tx = self.gate().sign_in("api_key.create").await?;
        if !accounts::lock_active(&tx, caller.user_id(), None).await? {
            return Err(Unauthenticated::Invalid.into());
        }
        if store::count(&tx, caller).await? >= MOST {
            return Err(Error::Conflict(format!("you have {MOST} API keys, revoke one first")));
        }
        store::insert(&tx, caller, &key, &SecretHash::of(&secret)).await?;
        let details = json!({ "name": key.name, "scopes": key.scopes, "expires_at": key.expires_at });
        audit::record_as(&tx, caller, Entry::new("api_key.create", key.id).with(details)).await?;
        tx.commit().await?;
        Ok((key, secret.into()))
    }

    /// The caller's keys that are not revoked, the newest first; expired ones too.
    pub async fn api_keys(
        &self,
        caller: &AuthContext,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<ApiKeyView>> {
        caller.session()?;
        let query = QueryHash::of(&["api_keys"]);
        let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
        let tx = self.gate().sign_in("api_key.list").await?;
        let mut results = store::list(&tx, caller, after, limit + 1).await?;
        tx.commit().await?;
        let place = |key: &ApiKeyView| Cursor { created_at: key.created_at, id: key.id.uuid() };
        let next = Cursor::cut(&mut results, limit, &query, place);
        Ok(List { results, next })
    }

    /// Revokes one of the caller's keys. Doing it again changes nothing.
    pub async fn revoke_api_key(&self, caller: &AuthContext, key: ApiKeyId) -> Result<()> {
        caller.session()?;
        let tx = self.gate().sign_in("api_key.revoke").await?;
        if store::revoke(&tx, caller, key).await? {
            audit::record_as(&tx, caller, Entry::new("api_key.revoke", key)).await?;
        } else if !store::exists(&tx, caller, key).await? {
            return Err(Error::NotFound { what: "API key" });
        }
        tx.commit().await?;
        Ok(())
    }
}
