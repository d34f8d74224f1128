//! API keys: created by their owner, or by an administrator of the service account that owns them, from a login
//! session; shown once, stored as a hash, and revoked permanently. Administrators of the enterprise can list and revoke
//! everybody's.
//!
//! A key cannot create, list or revoke keys: otherwise a leaked one could outlive its own revocation. What a key may be
//! used for is checked in `access` on every request: it never reaches further than its owner does at that moment.

mod rotate;
mod store;
mod types;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::json;

pub use types::{ApiKeyView, Keys, NewApiKey, Rotation};

use super::{Identity, accounts};
use crate::access::policy::{self, Action};
use crate::access::{ApiKeyVerb, AuthContext, IdentityTx, ScopeKind, ScopeName, SecretHash};
use crate::audit::{self, Entry};
use crate::error::{Error, Result, Unauthenticated};
use crate::ids::{ApiKeyId, ScopeId, UserId};
use crate::page::{Cursor, List, QueryHash};
use crate::tenancy::{service_accounts, users};
use crate::{name, random};
use store::KeyRow;

/// The prefix of an API key.
pub const PREFIX: &str = "m0sk_";

/// How many characters of a key are stored, to recognize it.
const SHOWN: usize = PREFIX.len() + 6;

/// The maximum number of live keys per user.
const MOST: i64 = 100;

/// The maximum number of scopes that a key can be restricted to.
const MOST_WITHIN: usize = 50;

/// The maximum lifetime of a key that expires.
pub const LONGEST: TimeDelta = TimeDelta::days(3650);

/// The owner of the keys that a transaction is about.
struct Owner {
    user: UserId,
    /// The owner's personal scope, if the caller may name it.
    personal: Option<ScopeId>,
}

impl Identity {
    /// Creates a key. The secret is returned here and is not stored anywhere.
    pub async fn create_api_key(
        &self,
        caller: &AuthContext,
        keys: Keys,
        new: NewApiKey,
    ) -> Result<(ApiKeyView, SecretString)> {
        caller.session()?;
        let now = caller.request().at;
        let name = name::checked(&new.name, "name")?;
        if new.scopes.is_empty() {
            let known = ApiKeyVerb::ALL.map(ApiKeyVerb::as_str).join(", ");
            return Err(Error::invalid("scopes", format!("a key needs at least one scope of {known}")));
        }
        check_expiry(new.expires_at, now)?;
        let mut scopes = new.scopes;
        scopes.sort_unstable();
        scopes.dedup();

        if scopes.contains(&ApiKeyVerb::AuditRead) {
            self.check_reads_audit(caller, keys).await?;
        }
        let (tx, owner) = self.keys_of(caller, keys, Purpose::Give, "api_key.create").await?;
        let within = new.within.map(|names| resolve(caller, &owner, &names)).transpose()?;
        if store::count(&tx, caller, owner.user).await? >= MOST {
            return Err(Error::Conflict(format!("there are {MOST} API keys already, revoke one first")));
        }
        let secret = random::secret(PREFIX)?;
        let row = KeyRow {
            id: ApiKeyId::generate(),
            name,
            prefix: secret[..SHOWN].to_owned(),
            scopes,
            within,
            ceiling: new.ceiling,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            rotated_from: None,
            created_by: Some(caller.user_id()),
        };
        store::insert(&tx, caller, owner.user, &row, &SecretHash::of(&secret)).await?;
        let view = row.shown_to(caller, &owner);
        let details = json!({
            "name": view.name, "scopes": view.scopes, "within": view.within, "ceiling": view.ceiling,
            "expires_at": view.expires_at, "owner": owner.user,
        });
        audit::record_as(&tx, caller, Entry::new("api_key.create", view.id).with(details)).await?;
        tx.commit().await?;
        Ok((view, secret.into()))
    }

    /// Lists keys that are not revoked, newest first, including expired ones.
    pub async fn api_keys(
        &self,
        caller: &AuthContext,
        keys: Keys,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<List<ApiKeyView>> {
        caller.session()?;
        let query = match keys {
            Keys::Own => QueryHash::of(&["api_keys"]),
            Keys::Of(user) | Keys::OfUser(user) => QueryHash::of(&["api_keys", &user.to_string()]),
        };
        let after = cursor.map(|text| Cursor::decode(text, &query)).transpose()?;
        let (tx, owner) = self.keys_of(caller, keys, Purpose::Look, "api_key.list").await?;
        let rows = store::list(&tx, caller, owner.user, after, limit + 1).await?;
        if let Keys::OfUser(user) = keys {
            audit::record_as(&tx, caller, Entry::new("api_key.list", user)).await?;
        }
        tx.commit().await?;
        let mut results: Vec<_> = rows.into_iter().map(|row| row.shown_to(caller, &owner)).collect();
        let place = |key: &ApiKeyView| Cursor { created_at: key.created_at, id: key.id.uuid() };
        let next = Cursor::cut(&mut results, limit, &query, place);
        Ok(List { results, next })
    }

    /// Revokes a key. Repeating it changes nothing.
    pub async fn revoke_api_key(&self, caller: &AuthContext, keys: Keys, key: ApiKeyId) -> Result<()> {
        caller.session()?;
        let (tx, owner) = self.keys_of(caller, keys, Purpose::Look, "api_key.revoke").await?;
        if store::revoke(&tx, caller, owner.user, key).await? {
            let entry = Entry::new("api_key.revoke", key);
            let own = owner.user == caller.user_id();
            let entry = if own { entry } else { entry.with(json!({ "owner": owner.user })) };
            audit::record_as(&tx, caller, entry).await?;
        } else if !store::exists(&tx, caller, owner.user, key).await? {
            return Err(Error::NotFound { what: "API key" });
        }
        tx.commit().await?;
        Ok(())
    }

    /// Refuses a key for the audit log whose owner may not read the log.
    async fn check_reads_audit(&self, caller: &AuthContext, keys: Keys) -> Result<()> {
        let role = match keys {
            Keys::Own => caller.enterprise().ok().and_then(|root| root.role),
            Keys::Of(user) | Keys::OfUser(user) => {
                let tx = caller.begin(&self.gate().db, "api_key.owner").await?;
                service_accounts::may_give_keys(&tx, user).await?;
                let role = users::role_on_enterprise(&tx, user).await?;
                tx.commit().await?;
                role
            }
        };
        if policy::allows(Action::ReadAudit, ScopeKind::Enterprise, role) {
            return Ok(());
        }
        Err(Error::Forbidden(
            "audit:read is for keys of the enterprise's owners, who alone read the log".to_owned(),
        ))
    }

    /// Begins a transaction about a user's keys, after checking that the caller may do so.
    async fn keys_of(
        &self,
        caller: &AuthContext,
        keys: Keys,
        purpose: Purpose,
        name: &'static str,
    ) -> Result<(IdentityTx, Owner)> {
        let (tx, owner) = match keys {
            Keys::Own => {
                let personal = caller.personal().ok().map(|scope| scope.id);
                (self.gate().sign_in(name).await?, Owner { user: caller.user_id(), personal })
            }
            Keys::Of(user) => {
                let tx = caller.begin(&self.gate().db, name).await?;
                let personal = match purpose {
                    Purpose::Give => service_accounts::may_give_keys(&tx, user).await?,
                    Purpose::Look => service_accounts::may_manage(&tx, user).await?,
                };
                (tx.into_sign_in().await?, Owner { user, personal: Some(personal) })
            }
            Keys::OfUser(user) => {
                let tx = caller.begin(&self.gate().db, name).await?;
                let personal = users::may_administer(&tx, user).await?;
                (tx.into_sign_in().await?, Owner { user, personal: Some(personal) })
            }
        };
        if purpose == Purpose::Give && !accounts::lock_active(&tx, owner.user, None).await? {
            return Err(match keys {
                Keys::Own => Unauthenticated::Invalid.into(),
                Keys::Of(_) | Keys::OfUser(_) => Error::Conflict("this account is deactivated".to_owned()),
            });
        }
        Ok((tx, owner))
    }
}

/// What the keys are needed for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Creating a key.
    Give,
    /// Listing or revoking keys.
    Look,
}

fn check_expiry(expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<()> {
    match expires_at {
        Some(at) if at <= now => Err(Error::invalid("expires_at", "must be in the future")),
        Some(at) if !(now..=now + LONGEST).contains(&at) => {
            let days = LONGEST.num_days();
            Err(Error::invalid("expires_at", format!("must be in the next {days} days")))
        }
        _ => Ok(()),
    }
}

/// Resolves the scopes that a key is restricted to. What the caller cannot read does not exist for them; `personal` is
/// the owner's personal scope.
fn resolve(caller: &AuthContext, owner: &Owner, names: &[ScopeName]) -> Result<Vec<ScopeId>> {
    if !(1..=MOST_WITHIN).contains(&names.len()) {
        let found = names.len();
        return Err(Error::invalid(
            "within",
            format!("must have from 1 to {MOST_WITHIN} scopes, found {found}"),
        ));
    }
    let resolved = names.iter().map(|name| match (name, owner.personal) {
        (ScopeName::Personal, Some(personal)) => Ok(personal),
        _ => caller.resolve(*name).map(|scope| scope.id),
    });
    let mut ids = resolved.collect::<Result<Vec<_>>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

impl KeyRow {
    fn shown_to(self, caller: &AuthContext, owner: &Owner) -> ApiKeyView {
        let label = |id: ScopeId| match owner.personal {
            Some(personal) if personal == id => Some("personal".to_owned()),
            _ => caller.scope(id).map(|scope| scope.label()),
        };
        ApiKeyView {
            id: self.id,
            name: self.name,
            prefix: self.prefix,
            scopes: self.scopes,
            within: self.within.map(|ids| ids.into_iter().filter_map(label).collect()),
            ceiling: self.ceiling,
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            rotated_from: self.rotated_from,
            created_by: self.created_by,
        }
    }
}
