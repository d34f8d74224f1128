//! Deactivating and reactivating accounts.

use serde::Serialize;
use serde_json::json;

use super::store;
use crate::access::{ApiKeyVerb, AuthContext, Gate, IdentityTx};
use crate::audit;
use crate::error::{Error, Result};
use crate::identity::oauth;
use crate::ids::{ApiKeyId, UserId};
use crate::limits::quotas;
use crate::tenancy::{invitations, owners, service_accounts, users};

/// Deactivates an account of the caller's enterprise. In one transaction, the account can no longer be used, its
/// sessions end together with their refresh tokens and the codes that were not exchanged yet, and its API keys are
/// revoked. The very next request with any of
/// them is refused. Repeating it changes nothing.
///
/// For administrators of the enterprise, on others whose role there is at most their own. The last active owner cannot
/// be deactivated (`Conflict`). Memories and memberships stay. Open invitations by the user are revoked, and contexts
/// with no other owner pass to another member. Keys that the user made for service accounts remain valid, because
/// programs depend on them; they are returned, so that they can be replaced.
pub async fn deactivate_user(gate: &Gate, caller: &AuthContext, user: UserId) -> Result<Vec<LeftKey>> {
    deactivate(gate, caller, user, Which::Any).await
}

/// Reactivates a deactivated account, with its password. Revoked sessions and keys stay revoked.
pub async fn reactivate_user(gate: &Gate, caller: &AuthContext, user: UserId) -> Result<()> {
    reactivate(gate, caller, user, Which::Any).await
}

/// Deactivates a service account, for administrators of the node that owns it.
pub async fn deactivate_service_account(gate: &Gate, caller: &AuthContext, account: UserId) -> Result<()> {
    deactivate(gate, caller, account, Which::Service).await.map(drop)
}

/// Reactivates a deactivated service account. It needs new keys.
pub async fn reactivate_service_account(gate: &Gate, caller: &AuthContext, account: UserId) -> Result<()> {
    reactivate(gate, caller, account, Which::Service).await
}

/// A service account's key that was made by a user who has since been deactivated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftKey {
    /// The key.
    pub id: ApiKeyId,
    /// The service account it belongs to.
    pub service_account: UserId,
    /// The name of the key.
    pub name: String,
}

/// In which capacity an account is managed.
#[derive(Clone, Copy)]
enum Which {
    /// As an account of the enterprise.
    Any,
    /// As a service account that a node owns.
    Service,
}

async fn deactivate(gate: &Gate, caller: &AuthContext, user: UserId, which: Which) -> Result<Vec<LeftKey>> {
    let (tx, active) = begin(gate, caller, "account.deactivate", user, which).await?;
    let (enterprise, at) = (caller.enterprise_id(), caller.request().at);
    let left = store::keys_of_programs(&tx, enterprise, user, at).await?;
    if active {
        owners::require_another(&tx, enterprise, user).await?;
        for (context, heir) in owners::hand_over_contexts(&tx, user).await? {
            let entry = audit::Entry::new("context.hand_over", context)
                .with(json!({ "from": user, "to": heir, "because": "account.deactivate" }));
            audit::record_as(&tx, caller, entry).await?;
        }
        for (invitation, scope) in invitations::revoke_of(&tx, enterprise, user, at).await? {
            let entry = audit::Entry::new("invitation.revoke", invitation).within(scope);
            audit::record_as(&tx, caller, entry.with(json!({ "because": "account.deactivate" }))).await?;
        }
        store::set_active(&tx, enterprise, user, false, at).await?;
        let revoked = store::revoke_credentials(&tx, enterprise, user, at).await?;
        oauth::end_codes(&tx, enterprise, user).await?;
        let entry = audit::Entry::new("account.deactivate", user)
            .with(json!({ "sessions": revoked.sessions, "api_keys": revoked.api_keys, "service_account_keys": left }));
        audit::record_as(&tx, caller, entry).await?;
    }
    tx.commit().await?;
    Ok(left)
}

async fn reactivate(gate: &Gate, caller: &AuthContext, user: UserId, which: Which) -> Result<()> {
    let (tx, active) = begin(gate, caller, "account.reactivate", user, which).await?;
    if !active {
        quotas::reactivation(&tx, caller.enterprise_id(), user).await?;
        store::set_active(&tx, caller.enterprise_id(), user, true, caller.request().at).await?;
        audit::record_as(&tx, caller, audit::Entry::new("account.reactivate", user)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Checks that the caller may manage this account (`Forbidden`, `NotFound`, or `Conflict` for their own), and returns
/// whether it is active. From then on, the transaction holds the tenant's lock.
async fn begin(
    gate: &Gate,
    caller: &AuthContext,
    name: &'static str,
    user: UserId,
    which: Which,
) -> Result<(IdentityTx, bool)> {
    let tx = caller.begin(&gate.db, name).await?;
    match which {
        Which::Any => users::may_manage(&tx, user).await?,
        Which::Service => {
            caller.authorize_verb(ApiKeyVerb::TenancyWrite)?;
            service_accounts::may_manage(&tx, user).await?;
        }
    }
    let tx = tx.into_sign_in().await?;
    let active = store::lock_status(&tx, caller.enterprise_id(), user).await?;
    Ok((tx, active.ok_or(Error::NotFound { what: "user" })?))
}
