//! Slowing down whoever guesses: failures are counted per account and per address, in PostgreSQL, because a Lambda's
//! environments share nothing else.
//!
//! An attempt is counted as a failure before its password is looked at ([`reserve`]) and taken back when it turns out
//! to be right ([`forgive`]): a hundred guesses sent at once are a hundred failures, not a hundred first tries. After
//! some free failures each further one blocks the bucket for twice as long as the one before; attempts during a block
//! are refused without being counted, so that nobody can extend another's block for ever.

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

/// How much a bucket takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Patience {
    /// Failures before the first block: the one with this number brings it.
    free: i32,
    /// How long the first block lasts.
    first_block: TimeDelta,
    /// What doubling it ends at.
    longest_block: TimeDelta,
    /// A bucket without failures for so long starts anew.
    forgets_after: TimeDelta,
    /// Whether one success forgets every failure: true of what belongs to one person. An address could otherwise be
    /// washed clean with an account of the attacker's own.
    success_resets: bool,
}

/// An account is one person's: few mistakes are honest. A block ends within the quarter of an hour, so that locking
/// somebody out takes lasting effort.
const ACCOUNT: Patience = Patience {
    free: 5,
    first_block: TimeDelta::seconds(30),
    longest_block: TimeDelta::minutes(15),
    forgets_after: TimeDelta::hours(12),
    success_resets: true,
};

/// An address may be a whole office's.
const LOGIN_ADDRESS: Patience = Patience {
    free: 30,
    first_block: TimeDelta::seconds(30),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(12),
    success_resets: false,
};

/// New enterprises, and looking up who has an account by trying to register. Accepted invitations do not count.
const REGISTER_ADDRESS: Patience = Patience {
    free: 20,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::hours(6),
    forgets_after: TimeDelta::hours(24),
    success_resets: false,
};

/// Refresh tokens cannot be guessed; this keeps a broken client from trying for ever. Valid ones always pass.
const REFRESH_ADDRESS: Patience = Patience {
    free: 60,
    first_block: TimeDelta::seconds(30),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(1),
    success_resets: false,
};

/// New applications: a person sets up a handful of tools, an office some more.
const REGISTER_CLIENT: Patience = Patience {
    free: 40,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(1),
    success_resets: false,
};

/// Documents of applications that are read for somebody: each is kept for an hour, so that few are read in earnest.
const DOCUMENTS: Patience = Patience {
    free: 20,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(1),
    success_resets: false,
};

/// A document that could not be read: not tried again for a minute, whoever asks.
const BROKEN_DOCUMENT: Patience = Patience {
    free: 1,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::minutes(1),
    forgets_after: TimeDelta::minutes(1),
    success_resets: true,
};

/// Codes that devices show, as somebody who is signed in types them: of eight letters nobody guesses one in ten tries.
const USER_CODE: Patience = Patience {
    free: 10,
    first_block: TimeDelta::minutes(1),
    longest_block: TimeDelta::hours(1),
    forgets_after: TimeDelta::hours(12),
    success_resets: true,
};

/// After this time without a failure no bucket means anything any more.
const FORGOTTEN: TimeDelta = TimeDelta::days(2);

impl Bucket {
    /// Passwords tried on an account, whether it exists or not. Hashed: the table is no list of addresses.
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

    /// Registrations from an address.
    #[must_use]
    pub fn register(request: &RequestInfo) -> Self {
        Self { name: format!("register:{}", limits::network(request)), patience: REGISTER_ADDRESS }
    }

    /// Applications registered from an address, used or not.
    #[must_use]
    pub fn register_client(request: &RequestInfo) -> Self {
        Self { name: format!("client:{}", limits::network(request)), patience: REGISTER_CLIENT }
    }

    /// Devices that begin to wait at an address.
    #[must_use]
    pub fn device(request: &RequestInfo) -> Self {
        Self { name: format!("device:{}", limits::network(request)), patience: REGISTER_CLIENT }
    }

    /// Codes of devices that somebody types.
    #[must_use]
    pub fn user_code(user: UserId) -> Self {
        Self { name: format!("user_code:{user}"), patience: USER_CODE }
    }

    /// Documents of applications read for an address.
    #[must_use]
    pub fn documents(request: &RequestInfo) -> Self {
        Self { name: format!("documents:{}", limits::network(request)), patience: DOCUMENTS }
    }

    /// A document of an application's. Hashed, because its address may be long.
    #[must_use]
    pub fn document(address: &str) -> Self {
        let digest = Sha256::digest(address.as_bytes());
        Self { name: format!("document:{}", URL_SAFE_NO_PAD.encode(digest)), patience: BROKEN_DOCUMENT }
    }

    /// Wrong refresh tokens, codes and secrets of applications from an address.
    #[must_use]
    pub fn refresh(request: &RequestInfo) -> Self {
        Self { name: format!("refresh:{}", limits::network(request)), patience: REFRESH_ADDRESS }
    }
}

/// What came of asking for an attempt.
#[derive(Debug)]
#[must_use = "commit the transaction first, then ask whether it was admitted"]
pub enum Attempt {
    /// It may go on, and counts as a failure until it is forgiven.
    Admitted(Reserved),
    /// A bucket is blocked for so long, in whole seconds.
    Blocked(Duration),
}

impl Attempt {
    /// `LimitReached` if a bucket is blocked.
    pub fn admitted(self) -> Result<Reserved> {
        match self {
            Self::Admitted(reserved) => Ok(reserved),
            Self::Blocked(retry_after) => Err(Error::LimitReached { what: "too many attempts", retry_after }),
        }
    }
}

/// Failures that were counted in advance, each with the block that it brought, if it did.
#[derive(Debug)]
pub struct Reserved(Vec<(Bucket, Option<DateTime<Utc>>)>);

/// Counts a failure in each of the buckets, up to the first one that is blocked. Commit before the slow part begins,
/// also when it is refused.
///
/// Addresses go before accounts: an address that is blocked then does no harm to accounts, and since [`forgive`] keeps
/// to the order, nobody waits for somebody who waits for them.
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
                return Ok(Attempt::Blocked(Duration::from_secs_f64(seconds)));
            }
        }
    }
    Ok(Attempt::Admitted(Reserved(reserved)))
}

/// Whether a bucket is blocked, without counting anything.
pub async fn is_blocked(tx: &IdentityTx, bucket: &Bucket, now: DateTime<Utc>) -> Result<bool, StoreError> {
    Ok(store::blocked_until(tx, &bucket.name).await?.is_some_and(|until| until > now))
}

/// Takes failures back: the attempt was right. What others failed meanwhile stays counted at an address; an account's
/// bucket is emptied.
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

/// Takes back one failure that was counted earlier, and turned out to be none.
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
