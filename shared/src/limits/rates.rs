//! Rate limits: token buckets in PostgreSQL, because Lambda environments share nothing else. There is one for the API
//! key or application, one for the user and one for the enterprise, or one for the address of an unauthenticated
//! request.
//!
//! A process leases tokens, more of them the faster it uses them up, and spends them without asking again. So a busy
//! tenant's requests do not queue for its one row, and most requests cost nothing. Tokens that were leased and not used
//! within [`LEASE`] are lost to other processes: limits are met exactly or a little early, never exceeded.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::failures::Failures;
use super::store::{self, Taken};
use crate::access::{AuthContext, Method, Proof, RequestInfo};
use crate::db::Database;
use crate::error::{Error, Result};

/// How long leased tokens may be spent.
const LEASE: TimeDelta = TimeDelta::seconds(10);
/// The maximum number of tokens requested at a time; no bucket gives more than a twentieth of its quota.
const MOST: i32 = 256;
/// How many leases are remembered; when there are more, all are forgotten.
const LEASES: usize = 10_000;
/// Requests per minute without a credential, from one address.
const ADDRESS_PER_MINUTE: i32 = 600;

/// One limit, and what is left of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// `key`, `user`, `tenant` or `address`.
    pub name: String,
    /// Requests per minute.
    pub quota: i32,
    /// Requests that could be made now.
    pub remaining: f64,
}

impl Limit {
    /// The time until the bucket has this many more tokens.
    fn until(&self, tokens: f64) -> Duration {
        Duration::from_secs_f64((tokens * 60.0 / f64::from(self.quota)).clamp(0.0, 60.0).ceil())
    }

    /// The time until the bucket is full.
    #[must_use]
    pub fn reset(&self) -> Duration {
        self.until(f64::from(self.quota) - self.remaining)
    }

    fn refusal(&self) -> &'static str {
        match self.name.as_str() {
            "key" => "too many requests with this API key",
            "user" => "too many requests of this user",
            "tenant" => "too many requests of this enterprise",
            _ => "too many requests from this address",
        }
    }
}

/// A caller's standing with regard to their limits; empty if there are none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// The limits, from the most specific to the most general.
    pub limits: Vec<Limit>,
    /// The maximum body size that the plan allows.
    pub body_bytes: Option<usize>,
}

impl Standing {
    /// The limit that will be reached first.
    #[must_use]
    pub fn tightest(&self) -> Option<&Limit> {
        self.limits.iter().min_by(|a, b| a.remaining.total_cmp(&b.remaining))
    }
}

/// Tokens that this process may spend.
#[derive(Debug, Clone)]
struct Lease {
    left: i32,
    size: i32,
    until: DateTime<Utc>,
    standing: Standing,
}

impl Lease {
    fn standing(&self) -> Standing {
        let mut standing = self.standing.clone();
        standing.limits.iter_mut().for_each(|limit| limit.remaining += f64::from(self.left));
        standing
    }
}

/// The owner of leased tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    /// The caller with this credential.
    Caller(Proof),
    /// An address.
    Address(Uuid),
}

/// Admits requests. Cheap to clone; all clones share the same leases.
#[derive(Clone, Default)]
pub struct Limiter {
    leases: Arc<Mutex<HashMap<Whose, Lease>>>,
    /// The addresses that wrong credentials came from.
    pub(crate) failures: Failures,
}

impl Limiter {
    /// Admits an unauthenticated request by the address that it comes from.
    pub async fn admit_address(&self, db: &Database, request: &RequestInfo) -> (Standing, Result<()>) {
        let digest = Sha256::digest(network(request).as_bytes());
        let bucket = digest.first_chunk().copied().map_or_else(Uuid::nil, Uuid::from_bytes);
        let whose = Whose::Address(bucket);
        let want = match self.spend(whose, request.at) {
            Ok(standing) => return (standing, Ok(())),
            Err(want) => want,
        };
        match store::take_address(db, bucket, ADDRESS_PER_MINUTE, request.at, want).await {
            Ok(taken) => self.lease(whose, request.at, taken),
            Err(error) => (Standing::default(), Err(error)),
        }
    }

    /// Spends a leased token and returns the standing; otherwise returns how many tokens to take.
    pub(crate) fn spend(&self, whose: Whose, now: DateTime<Utc>) -> std::result::Result<Standing, i32> {
        match self.leases().get_mut(&whose).filter(|lease| lease.until > now) {
            Some(lease) if lease.left > 0 => {
                lease.left -= 1;
                Ok(lease.standing())
            }
            // Used up early, so take a larger lease.
            Some(lease) => Err((lease.size * 2).min(MOST)),
            None => Err(1),
        }
    }

    /// Gives back a token for a request that is counted again.
    pub(crate) fn give_back(&self, whose: Whose) {
        if let Some(lease) = self.leases().get_mut(&whose) {
            lease.left += 1;
        }
    }

    /// Stores a new lease and spends its first token, or returns an error that says when to retry. Returns the standing
    /// in either case.
    pub(crate) fn lease(&self, whose: Whose, now: DateTime<Utc>, taken: Taken) -> (Standing, Result<()>) {
        if taken.granted < 1 {
            let short = taken.standing.tightest().cloned();
            let retry_after =
                short.as_ref().map_or(Duration::from_secs(1), |limit| limit.until(1.0 - limit.remaining));
            let what = short.as_ref().map_or("too many requests", Limit::refusal);
            return (taken.standing, Err(Error::LimitReached { what, retry_after }));
        }
        let lease = Lease {
            left: taken.granted - 1,
            size: taken.granted,
            until: now + LEASE,
            standing: taken.standing,
        };
        let standing = lease.standing();
        let mut leases = self.leases();
        if leases.len() >= LEASES {
            leases.clear();
        }
        leases.insert(whose, lease);
        (standing, Ok(()))
    }

    fn leases(&self) -> MutexGuard<'_, HashMap<Whose, Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes additional tokens for a request that was already admitted, as far as the plan limits the caller. Missing
/// tokens are owed, up to a minute's quota: the request proceeds, and later ones wait.
pub async fn charge(caller: &AuthContext, db: &Database, tokens: i32) -> Result<()> {
    if tokens < 1 {
        return Ok(());
    }
    let key = match caller.method() {
        Method::ApiKey(key, _) => Some(key.uuid()),
        _ => None,
    };
    Ok(store::charge(db, caller, key, tokens).await?)
}

/// The network of a client: a single IPv4 address, but a whole /64 of IPv6, which is what one customer has. Requests
/// without an address, which only in-process callers make, share one.
#[must_use]
pub fn network(request: &RequestInfo) -> String {
    let Some(ip) = request.ip.as_deref() else { return "unknown".to_owned() };
    match ip.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Ok(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => ip.chars().take(64).collect(),
    }
}
