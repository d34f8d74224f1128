//! Changing a password.

use super::{Password, Verdict};
use crate::access::AuthContext;
use crate::audit;
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::identity::accounts::{self, Account};
use crate::identity::sessions;
use crate::identity::throttle::{self, Bucket};

impl Identity {
    /// Changes the caller's password and ends their other sessions, because somebody who knew the old password may be
    /// using one. API keys remain valid.
    ///
    /// The current password is required, and guessing it is throttled as at login, because the session may be a stolen
    /// one.
    pub async fn change_password(
        &self,
        caller: &AuthContext,
        current: &Password,
        new: &Password,
    ) -> Result<()> {
        let session = caller.session()?;
        let now = caller.request().at;
        let email = caller.email().ok_or_else(no_password)?;
        let email: EmailAddress = email.parse().map_err(Error::internal)?;

        let tx = self.gate().sign_in("password.account").await?;
        let account = accounts::by_email(&tx, &email).await?;
        tx.commit().await?;
        let Some(Account { password: Some(stored), name, enterprise_name, .. }) = account else {
            return Err(no_password());
        };
        // Before the attempt is counted, because choosing a password may take several tries.
        self.passwords().judge(new, vec![email.to_string(), name, enterprise_name], "new_password").await?;
        if current.expose() == new.expose() {
            return Err(Error::invalid("new_password", "the new password is the current one"));
        }

        let tx = self.gate().sign_in("password.attempt").await?;
        let attempt = throttle::reserve(&tx, [Bucket::account(&email)], now).await?;
        tx.commit().await?;
        let reserved = attempt.admitted()?;
        if matches!(self.passwords().verify(current, Some(stored.clone())).await?, Verdict::Wrong) {
            return Err(Error::invalid("current_password", "this is not the current password"));
        }
        let hash = self.passwords().hash(new).await?;

        let tx = self.gate().sign_in("password.change").await?;
        if !accounts::change_password(&tx, caller.user_id(), &stored, &hash, now).await? {
            return Err(Error::Conflict("the password was changed from elsewhere meanwhile".to_owned()));
        }
        sessions::end_others(&tx, caller, session).await?;
        audit::record_as(&tx, caller, audit::Entry::new("password.change", caller.user_id())).await?;
        throttle::forgive(&tx, &reserved, now).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn no_password() -> Error {
    Error::Conflict("this account has no password, it signs in elsewhere".to_owned())
}
