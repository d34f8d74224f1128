//! Rotation: replacing a key by a new one, with time to deploy the new one.

use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::json;

use super::store::{self, KeyRow};
use super::{ApiKeyView, Keys, PREFIX, Purpose, Rotation, SHOWN};
use crate::access::{AuthContext, SecretHash};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::ids::ApiKeyId;
use crate::random;

/// The maximum time for which both keys are valid.
const LONGEST_OVERLAP: TimeDelta = TimeDelta::days(30);

impl Identity {
    /// Creates a new key with the name and the restrictions of an old one, which expires after the overlap. The new key
    /// has the same lifetime as the old one had.
    pub async fn rotate_api_key(
        &self,
        caller: &AuthContext,
        keys: Keys,
        key: ApiKeyId,
        rotation: Rotation,
    ) -> Result<(ApiKeyView, SecretString)> {
        caller.session()?;
        let now = caller.request().at;
        if !(TimeDelta::zero()..=LONGEST_OVERLAP).contains(&rotation.overlap) {
            let (most, found) = (LONGEST_OVERLAP.num_hours(), rotation.overlap.num_hours());
            return Err(Error::invalid("overlap_hours", format!("must be from 0 to {most}, found {found}")));
        }
        let (tx, owner) = self.keys_of(caller, keys, Purpose::Give, "api_key.rotate").await?;
        let old = store::lock(&tx, caller, owner.user, key).await?;
        let old = old.ok_or(Error::NotFound { what: "API key" })?;
        if old.revoked {
            return Err(Error::Conflict("this key is revoked".to_owned()));
        }
        if old.row.expires_at.is_some_and(|at| at <= now) {
            return Err(Error::Conflict("this key has expired, make a new one".to_owned()));
        }
        if let Some(successor) = old.successor {
            return Err(Error::Conflict(format!(
                "this key was rotated already, its successor is {successor}"
            )));
        }
        let secret = random::secret(PREFIX)?;
        let lifetime = old.row.expires_at.map(|at| at - old.row.created_at);
        let ends = old.row.expires_at.map_or(now + rotation.overlap, |at| at.min(now + rotation.overlap));
        store::expire(&tx, caller, key, ends).await?;
        let row = KeyRow {
            id: ApiKeyId::generate(),
            prefix: secret[..SHOWN].to_owned(),
            created_at: now,
            expires_at: lifetime.map(|lifetime| now + lifetime),
            last_used_at: None,
            rotated_from: Some(key),
            created_by: Some(caller.user_id()),
            ..old.row
        };
        store::insert(&tx, caller, owner.user, &row, &SecretHash::of(&secret)).await?;
        let details = json!({ "successor": row.id, "old_key_ends": ends });
        audit::record_as(&tx, caller, Entry::new("api_key.rotate", key).with(details)).await?;
        tx.commit().await?;
        Ok((row.shown_to(caller, &owner), secret.into()))
    }
}
