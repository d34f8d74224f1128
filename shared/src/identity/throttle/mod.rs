//! Throttling of guesses: failures are counted per account and per address, in PostgreSQL, because Lambda environments
//! share nothing else.
//!
//! An attempt is counted as a failure before its password is checked ([`reserve`]), and forgiven if the password turns
//! out to be right ([`forgive`]): a hundred guesses sent at once are a hundred failures, not a hundred first tries.
//! After some free failures, each further one blocks the bucket for twice as long as the one before. Attempts during a
//! block are refused without being counted, so nobody can extend another's block forever.

mod store;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use crate::access::{IdentityTx, RequestInfo};
use crate::db::StoreError;
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::limits;

/// Something whose failures are counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    name: String,
    patience: Patience,
}

/// The limits of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Patience {
    /// What there was too much of, and whose limit it is.
    what: &'static str,
    /// The number of the failure that causes the first block.
    free: i32,
    /// The duration of the first block.
    first_block: TimeDelta,
    /// The maximum to which it is doubled.
    longest_block: TimeDelta,
    /// A bucket without failures for this long starts over.
    forgets_after: TimeDelta,
    /// Whether one success forgets every failure. True for what belongs to one user; an attacker could otherwise reset
    /// an address by logging in to an account of their own.
    success_resets: bool,
}

/// An account belongs to one person, who makes few mistakes. A block ends within a quarter of an hour, so that locking
/// somebody out takes continuous effort.
const ACCOUNT: Patience = Patience {
    what: "too many attempts for this account",
    free: 5,
    first_block: TimeDelta::seconds(30),
    longest_block: TimeDelta::minutes(15),
    forgets_after: TimeDelta::hours(12),
    success_resets: true,
};

/// An address may belong to a whole office.
const LOGIN_ADDRESS: Patience = Patience {
    what: "too many attempts from your network address",
    free: 30,
    first_block: TimeDelta::seconds(30),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(12),
    success_resets: false,
};

/// Tokens for a new password cannot be guessed; an office may mistype a few.
const RESET_ADDRESS: Patience = Patience {
    what: "too many attempts from your network address",
    free: 20,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(12),
    success_resets: false,
};

/// New enterprises, and attempts to find out who has an account by registering. Accepted invitations do not count.
const REGISTER_ADDRESS: Patience = Patience {
    what: "too many attempts to register from your network address",
    free: 20,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::hours(6),
    forgets_after: TimeDelta::hours(24),
    success_resets: false,
};

/// Refresh tokens cannot be guessed; this keeps a broken client from retrying forever. Valid ones always pass.
const REFRESH_ADDRESS: Patience = Patience {
    what: "too many attempts from your network address",
    free: 60,
    first_block: TimeDelta::seconds(30),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(1),
    success_resets: false,
};

/// New applications: a person sets up a handful of tools, an office a few more.
const REGISTER_CLIENT: Patience = Patience {
    what: "too many applications and devices from your network address",
    free: 40,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(1),
    success_resets: false,
};

/// Application documents read on behalf of an address: each is cached for an hour, so that legitimate use reads few.
const DOCUMENTS: Patience = Patience {
    what: "too many documents of applications read for your network address",
    free: 20,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(1),
    success_resets: false,
};

/// A document that could not be read: not retried for a minute, whoever asks.
const BROKEN_DOCUMENT: Patience = Patience {
    what: "too many attempts to read this application's document",
    free: 1,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::minutes(1),
    forgets_after: TimeDelta::minutes(1),
    success_resets: true,
};

/// Device codes typed by a user who is signed in: nobody guesses eight letters in ten tries.
const USER_CODE: Patience = Patience {
    what: "too many attempts with wrong codes from this account",
    free: 10,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(12),
    success_resets: true,
};

/// After this time without a failure no bucket has any effect.
const FORGOTTEN: TimeDelta = TimeDelta::days(2);

impl Bucket {
    /// Passwords tried on an account, whether or not it exists. The address is hashed, so that the table does not list
    /// addresses.
    #[must_use]
    pub fn account(email: &EmailAddress) -> Self {
        let digest = Sha256::digest(email.as_str().as_bytes());
        Self { name: format!("account:{}", URL_SAFE_NO_PAD.encode(digest)), patience: ACCOUNT }
    }

    /// Logins from an address.
    #[must_use]
    pub fn login(request: &RequestInfo) -> Self {
        Self { name: format!("login:{}", limits::network(request)), patience: LOGIN_ADDRESS }
    }

    /// Tokens for a new password that are presented from an address.
    #[must_use]
    pub fn reset(request: &RequestInfo) -> Self {
        Self { name: format!("reset:{}", limits::network(request)), patience: RESET_ADDRESS }
    }

    /// Registrations from an address.
    #[must_use]
    pub fn register(request: &RequestInfo) -> Self {
        Self { name: format!("register:{}", limits::network(request)), patience: REGISTER_ADDRESS }
    }

    /// Applications registered from an address.
    #[must_use]
    pub fn register_client(request: &RequestInfo) -> Self {
        Self { name: format!("client:{}", limits::network(request)), patience: REGISTER_CLIENT }
    }

    /// Devices that start authorization from an address.
    #[must_use]
    pub fn device(request: &RequestInfo) -> Self {
        Self { name: format!("device:{}", limits::network(request)), patience: REGISTER_CLIENT }
    }

    /// Device codes that a user types.
    #[must_use]
    pub fn user_code(user: UserId) -> Self {
        Self { name: format!("user_code:{user}"), patience: USER_CODE }
    }

    /// Application documents read on behalf of an address.
    #[must_use]
    pub fn documents(request: &RequestInfo) -> Self {
        Self { name: format!("documents:{}", limits::network(request)), patience: DOCUMENTS }
    }

    /// One application's document. The URL is hashed, because it may be long.
    #[must_use]
    pub fn document(address: &str) -> Self {
        let digest = Sha256::digest(address.as_bytes());
        Self { name: format!("document:{}", URL_SAFE_NO_PAD.encode(digest)), patience: BROKEN_DOCUMENT }
    }

    /// Wrong refresh tokens, codes and client secrets from an address.
    #[must_use]
    pub fn refresh(request: &RequestInfo) -> Self {
        Self { name: format!("refresh:{}", limits::network(request)), patience: REFRESH_ADDRESS }
    }
}

/// The result of [`reserve`].
#[derive(Debug)]
#[must_use = "commit the transaction first, then ask whether it was admitted"]
pub enum Attempt {
    /// The attempt may proceed; it counts as a failure until it is forgiven.
    Admitted(Reserved),
    /// A bucket is blocked for this long, in whole seconds.
    Blocked {
        /// Whose limit it is.
        what: &'static str,
        /// How long to wait.
        retry_after: Duration,
    },
}

impl Attempt {
    /// Returns `LimitReached` if a bucket is blocked.
    pub fn admitted(self) -> Result<Reserved> {
        match self {
            Self::Admitted(reserved) => Ok(reserved),
            Self::Blocked { what, retry_after } => Err(Error::LimitReached { what, retry_after }),
        }
    }
}

/// Failures that were counted in advance, each with the block that it caused, if any.
#[derive(Debug)]
pub struct Reserved(Vec<(Bucket, Option<DateTime<Utc>>)>);

/// Counts a failure in each of the buckets, up to the first one that is blocked. Commit before the slow part begins,
/// even if the attempt is refused.
///
/// Addresses must come before accounts, so that a blocked address does no harm to accounts. Since [`forgive`] keeps the
/// order, there are no deadlocks.
pub async fn reserve(
    tx: &IdentityTx,
    buckets: impl IntoIterator<Item = Bucket>,
    now: DateTime<Utc>,
) -> Result<Attempt, StoreError> {
    let mut reserved = Vec::new();
    for bucket in buckets {
        match store::count(tx, &bucket, now).await? {
            Some(block) => reserved.push((bucket, block.filter(|until| *until > now))),
            None => {
                let until = store::blocked_until(tx, &bucket.name).await?.unwrap_or(now);
                let seconds = (until - now).as_seconds_f64().max(1.0).ceil();
                let retry_after = Duration::from_secs_f64(seconds);
                return Ok(Attempt::Blocked { what: bucket.patience.what, retry_after });
            }
        }
    }
    Ok(Attempt::Admitted(Reserved(reserved)))
}

/// Whether a bucket is blocked, without counting anything.
pub async fn is_blocked(tx: &IdentityTx, bucket: &Bucket, now: DateTime<Utc>) -> Result<bool, StoreError> {
    Ok(store::blocked_until(tx, &bucket.name).await?.is_some_and(|until| until > now))
}

/// Takes failures back, because the attempt was right. Other failures since then remain counted for an address; an
/// account's bucket is emptied.
pub async fn forgive(tx: &IdentityTx, reserved: &Reserved, now: DateTime<Utc>) -> Result<(), StoreError> {
    for (bucket, block) in &reserved.0 {
        if bucket.patience.success_resets {
            store::delete(tx, &bucket.name, now - FORGOTTEN).await?;
        } else {
            store::take_back(tx, &bucket.name, *block).await?;
        }
    }
    Ok(())
}

/// Forgets every failure of a bucket, because its owner proved who they are in another way.
pub async fn clear(tx: &IdentityTx, bucket: &Bucket, now: DateTime<Utc>) -> Result<(), StoreError> {
    store::delete(tx, &bucket.name, now - FORGOTTEN).await
}

/// Takes back one failure that was counted earlier, but turned out to be none.
pub async fn take_back(tx: &IdentityTx, bucket: &Bucket) -> Result<(), StoreError> {
    store::take_back(tx, &bucket.name, None).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RequestId;

    fn bucket(ip: Option<&str>) -> String {
        let at = DateTime::UNIX_EPOCH;
        let ip = ip.map(str::to_owned);
        Bucket::login(&RequestInfo { id: RequestId::generate(), at, ip, user_agent: None }).name
    }

    #[test]
    fn an_address_stands_for_what_one_customer_has() {
        assert_eq!(bucket(Some("203.0.113.7")), "login:203.0.113.7");
        assert_eq!(bucket(Some("::ffff:203.0.113.7")), "login:203.0.113.7");
        assert_eq!(bucket(Some("2001:db8:1:2:3::4")), bucket(Some("2001:db8:1:2:ffff::")));
        assert_ne!(bucket(Some("2001:db8:1:2::")), bucket(Some("2001:db8:1:3::")));
        assert_eq!(bucket(Some("somewhere")), "login:somewhere");
        assert_eq!(bucket(None), "login:unknown");
    }

    #[test]
    fn account_buckets_hold_no_address() {
        let bucket = Bucket::account(&"Ada@example.com".parse().unwrap());
        assert_eq!(bucket, Bucket::account(&"ada@example.com".parse().unwrap()));
        assert!(!bucket.name.contains("ada"));
    }
}
