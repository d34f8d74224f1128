//! Forgotten passwords: an administrator makes a token, with which the person chooses a new password.
//!
//! No mail is sent: the token is shown once, to whoever makes it, and they pass it on. It works once, expires, and ends
//! when its maker could no longer make it, or when the account is deactivated. An operator can make one without an
//! account, for an enterprise whose only owner is locked out.

mod redeem;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::json;

use super::{Identity, accounts};
use crate::access::{AuthContext, Gate, IdentityTx, RequestInfo, SecretHash};
use crate::audit::{self, Entry};
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::ids::{EnterpriseId, UserId};
use crate::random;
use crate::tenancy::users;

/// How long a token can be used.
pub const VALID_FOR: TimeDelta = TimeDelta::hours(24);

/// The prefix of tokens, so that one found in the wrong place can be recognized.
const PREFIX: &str = "m0pw_";

/// A token that was just made.
#[derive(Debug)]
pub struct PasswordReset {
    /// The account whose password it changes.
    pub user: UserId,
    /// `m0pw_…`, which is not stored anywhere.
    pub token: SecretString,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// A new row of `password_resets`.
struct NewReset {
    enterprise: EnterpriseId,
    user: UserId,
    by: Option<UserId>,
    at: DateTime<Utc>,
}

impl Identity {
    /// Makes a token for somebody who forgot their password. Earlier tokens for the account become invalid; the
    /// password stays valid until the token is used.
    ///
    /// For administrators of the enterprise. Whoever has the token acts as the person, so the caller needs at least
    /// the person's role wherever the person holds one in the tree.
    pub async fn allow_password_reset(&self, caller: &AuthContext, user: UserId) -> Result<PasswordReset> {
        caller.session()?;
        let tx = caller.begin(&self.gate().db, "password_reset.create").await?;
        users::may_reset_password(&tx, user).await?;
        let tx = tx.into_sign_in().await?;
        let new = NewReset {
            enterprise: caller.enterprise_id(),
            user,
            by: Some(caller.user_id()),
            at: caller.request().at,
        };
        let reset = new.make(&tx).await?;
        let entry = Entry::new("password.allow_reset", user).with(json!({ "expires_at": reset.expires_at }));
        audit::record_as(&tx, caller, entry).await?;
        tx.commit().await?;
        Ok(reset)
    }
}

/// The same on behalf of the operator of the installation, who has access to the database and needs no account.
pub async fn allow_as_operator(
    gate: &Gate,
    request: &RequestInfo,
    email: &EmailAddress,
) -> Result<PasswordReset> {
    let tx = gate.sign_in("password_reset.create").await?;
    let account = accounts::by_email(&tx, email).await?.ok_or(Error::NotFound { what: "account" })?;
    if !account.active {
        return Err(Error::Conflict("this account is deactivated".to_owned()));
    }
    let (enterprise, user) = (account.enterprise, account.id);
    let reset = NewReset { enterprise, user, by: None, at: request.at }.make(&tx).await?;
    let details = json!({ "expires_at": reset.expires_at, "by": "operator" });
    let entry = Entry::new("password.allow_reset", user).with(details);
    audit::record_sign_in(&tx, request, enterprise, None, entry).await?;
    tx.commit().await?;
    Ok(reset)
}

impl NewReset {
    /// Stores a token, unless the account has no password that it could replace.
    async fn make(&self, tx: &IdentityTx) -> Result<PasswordReset> {
        let token = random::secret(PREFIX)?;
        let expires_at = self.at + VALID_FOR;
        if !store::put(tx, self, &SecretHash::of(&token), expires_at).await? {
            return Err(Error::Conflict("this account has no password, it signs in elsewhere".to_owned()));
        }
        Ok(PasswordReset { user: self.user, token: token.into(), expires_at })
    }
}
