//! Logging in with a password.
//!
//! A stranger cannot find out who has an account. Whether there is no account, it is deactivated, it has no password or
//! the password is wrong: the same statements are run, one password is verified, one row is written to the audit log,
//! and the response is the same. The only possible difference in timing is a hash imported from bcrypt, until its first
//! login.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{LONGEST, SignedIn};
use crate::access::RequestInfo;
use crate::audit;
use crate::db::StoreError;
use crate::email::EmailAddress;
use crate::error::{Result, Unauthenticated};
use crate::identity::Identity;
use crate::identity::accounts::{self, Account};
use crate::identity::passwords::{Password, Verdict};
use crate::identity::throttle::{self, Bucket};
use crate::ids::EnterpriseId;

impl Identity {
    /// Starts a session for an active account, given its password.
    pub async fn login(
        &self,
        request: &RequestInfo,
        email: &EmailAddress,
        password: &Password,
    ) -> Result<SignedIn> {
        self.login_for(request, email, password, LONGEST).await
    }

    /// Like [`Self::login`], for a session with this maximum lifetime.
    pub(in crate::identity) async fn login_for(
        &self,
        request: &RequestInfo,
        email: &EmailAddress,
        password: &Password,
        lasting: TimeDelta,
    ) -> Result<SignedIn> {
        let now = request.at;
        let tx = self.gate().sign_in("session.attempt").await?;
        let buckets = [Bucket::login(request), Bucket::account(email)];
        let attempt = throttle::reserve(&tx, buckets, now).await?;
        let account = accounts::by_email(&tx, email).await?;
        tx.commit().await?;
        let reserved = attempt.admitted()?;

        let stored =
            account.as_ref().filter(|account| account.active).and_then(|account| account.password.clone());
        let verdict = self.passwords().verify(password, stored.clone()).await?;
        let (Some(account), Some(stored), Verdict::Right(upgrade)) = (&account, stored, verdict) else {
            self.record_failure(request, account.as_ref()).await?;
            return Err(Unauthenticated::Login.into());
        };

        let key = self.signing_keys().current(now).await?;
        let tx = self.gate().sign_in("session.login").await?;
        // Before the account is locked: of two logins that both hold the lock, neither could change it.
        if let Some(better) = upgrade {
            accounts::upgrade_hash(&tx, account.id, &stored, &better).await?;
        }
        if !accounts::lock_active(&tx, account.id, account.password_changed_at).await? {
            drop(tx);
            self.record_failure(request, Some(account)).await?;
            return Err(Unauthenticated::Login.into());
        }
        let signed_in = self.start_session(&tx, request, account, &key, lasting).await?;
        throttle::forgive(&tx, &reserved, now).await?;
        tx.commit().await?;
        Ok(signed_in)
    }

    /// Records a failure in the account's enterprise, or under no enterprise if there is no account. What was typed is
    /// not recorded, since it may be a password.
    async fn record_failure(
        &self,
        request: &RequestInfo,
        account: Option<&Account>,
    ) -> Result<(), StoreError> {
        let enterprise = account.map_or(EnterpriseId(Uuid::nil()), |account| account.enterprise);
        let mut entry = audit::Entry::of("session.start").refused();
        entry.target = account.map(|account| account.id.to_string());
        let tx = self.gate().sign_in("session.failure").await?;
        audit::record_sign_in(&tx, request, enterprise, None, entry).await?;
        tx.commit().await
    }
}
