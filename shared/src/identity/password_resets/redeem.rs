//! Choosing a new password with a token.

use super::store;
use crate::access::{RequestInfo, SecretHash};
use crate::audit::{self, Entry};
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::identity::passwords::Password;
use crate::identity::sessions;
use crate::identity::throttle::{self, Bucket};

/// An unknown, used or expired token, or one whose maker could no longer make it.
const NOT_FOUND: Error = Error::NotFound { what: "reset token" };

impl Identity {
    /// Sets the password of the account that the token is for, and ends all sessions of the account, among them those
    /// of applications. API keys remain valid. Wrong tokens are counted by address, and failed logins to the account
    /// are forgotten, so that the person can log in at once.
    pub async fn reset_password(&self, request: &RequestInfo, token: &str, new: &Password) -> Result<()> {
        let now = request.at;
        let tx = self.gate().sign_in("password_reset.attempt").await?;
        let attempt = throttle::reserve(&tx, [Bucket::reset(request)], now).await?;
        tx.commit().await?;
        let reserved = attempt.admitted()?;

        let token = SecretHash::of(token);
        let tx = self.gate().sign_in("password_reset.lookup").await?;
        let account = store::lookup(&tx, &token, now).await?.ok_or(NOT_FOUND)?;
        // The token is right: choosing a password may take several tries.
        throttle::forgive(&tx, &reserved, now).await?;
        tx.commit().await?;
        let known = vec![account.email.to_string(), account.name, account.enterprise_name];
        self.passwords().judge(new, known, "new_password").await?;
        let hash = self.passwords().hash(new).await?;

        let tx = self.gate().sign_in("password.reset").await?;
        if !store::redeem(&tx, &token, &hash, now).await? {
            return Err(NOT_FOUND);
        }
        let (enterprise, user) = (account.enterprise, account.user);
        let ended = sessions::end_all_of(&tx, enterprise, user, "password_reset", now).await?;
        let entry = Entry::new("password.reset", user).with(serde_json::json!({ "sessions": ended }));
        audit::record_sign_in(&tx, request, enterprise, Some(user), entry).await?;
        throttle::clear(&tx, &Bucket::account(&account.email), now).await?;
        tx.commit().await?;
        Ok(())
    }
}
