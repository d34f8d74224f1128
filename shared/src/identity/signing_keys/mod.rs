//! The keys that sign access tokens: one active, the next one published before it is used, the previous one kept until
//! every token that it signed has expired.
//!
//! There is no background rotation: a process that needs a key and finds the next one missing creates it, under a lock
//! shared by all processes. The stored times alone decide which key is active, so all processes agree.
//!
//! The private keys are stored unencrypted in the database; anyone who can read that table can sign tokens. Such tokens
//! alone open nothing: they must also name a session that is alive.

mod key;
mod rotation;
mod seal;
mod store;

use std::sync::{Arc, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use self::rotation::Plan;
use crate::access::{Gate, IdentityTx};
use crate::error::{Error, Result};

pub(in crate::identity) use key::Terms;
pub use key::{ACCESS_TOKEN_LIFETIME, Jwk, SigningKey};

/// A process reads the active key again after this time, so that a withdrawn key stops signing.
const KEPT_FOR: TimeDelta = TimeDelta::minutes(10);

/// A JWK set (RFC 7517 section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    /// The keys, oldest first.
    pub keys: Vec<Jwk>,
}

/// The signing keys, with the active one cached.
#[derive(Clone)]
pub struct SigningKeys {
    gate: Gate,
    active: Arc<RwLock<Option<Active>>>,
}

#[derive(Clone)]
struct Active {
    key: Arc<SigningKey>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl SigningKeys {
    /// Creates the service for the installation behind this gate. It reads nothing yet.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate, active: Arc::default() }
    }

    /// Returns the key to sign with now.
    pub async fn current(&self, now: DateTime<Utc>) -> Result<Arc<SigningKey>> {
        let known = self.active.read().map_or(None, |active| active.clone());
        if let Some(active) = known.filter(|active| (active.from..active.until).contains(&now)) {
            return Ok(active.key);
        }
        let keys = self.ensure(now).await?;
        let (current, next) = rotation::current(&keys, now).ok_or_else(no_key)?;
        let until = next.map_or(now + KEPT_FOR, |next| next.active_from.min(now + KEPT_FOR));
        let key = Arc::new(current.clone());
        self.gate.learn_key(&key.id, &key.public);
        if let Ok(mut active) = self.active.write() {
            *active = Some(Active { key: Arc::clone(&key), from: now, until });
        }
        Ok(key)
    }

    /// Returns every key that a token may be signed with now or soon.
    pub async fn published(&self, now: DateTime<Utc>) -> Result<JwkSet> {
        let keys = self.ensure(now).await?;
        Ok(JwkSet { keys: keys.iter().map(SigningKey::jwk).collect() })
    }

    /// Returns all keys, oldest first, after any rotation that is due.
    async fn ensure(&self, now: DateTime<Utc>) -> Result<Vec<SigningKey>> {
        let tx = self.gate.sign_in("signing_key.ensure").await?;
        let mut keys = store::list(&tx).await?;
        if !rotation::plan(&keys, now).is_empty() {
            store::lock(&tx).await?;
            // Another process may have done it in the meantime.
            keys = store::list(&tx).await?;
            let plan = rotation::plan(&keys, now);
            keys = carry_out(&tx, keys, plan, now).await?;
        }
        tx.commit().await?;
        Ok(keys)
    }
}

async fn carry_out(
    tx: &IdentityTx,
    mut keys: Vec<SigningKey>,
    plan: Plan,
    now: DateTime<Utc>,
) -> Result<Vec<SigningKey>> {
    for active_from in plan.create {
        let key = SigningKey::generate(active_from)?;
        store::insert(tx, &key, now).await?;
        tracing::info!(key.id = %key.id, key.active_from = %key.active_from, "signing key published");
        keys.push(key);
    }
    for id in plan.retire {
        store::delete(tx, &id).await?;
        tracing::info!(key.id = %id, "signing key retired");
        keys.retain(|key| key.id != id);
    }
    keys.sort_by_key(|key| key.active_from);
    Ok(keys)
}

fn no_key() -> Error {
    Error::internal("no signing key is active")
}
