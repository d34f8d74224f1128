//! Passwords: their form, hashing, strength and change.
//!
//! Hashing takes tens of milliseconds and 19 MiB by design. [`Passwords`] does it on separate threads, so that other
//! requests are not held up, and limits concurrency to the number of processors.

mod change;
mod hash;
mod policy;

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

pub use hash::PasswordHash;

use crate::error::{Error, Result};

/// The maximum length of a password in bytes: [`policy::LONGEST`] characters of four bytes. Limits the cost of hashing
/// a stranger's input.
const MAX_BYTES: usize = 512;

/// A password as a user typed it, in Unicode normalization form KC, so that it does not depend on the keyboard (NIST SP
/// 800-63B section 3.1.1.2).
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(SecretString);

impl Password {
    fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl TryFrom<String> for Password {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("a password has at most {} characters", policy::LONGEST));
        }
        // The normalized form can be longer than the original, by a factor of at most eighteen.
        Ok(Self(SecretString::from(text.nfkc().collect::<String>())))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The result of verifying a password.
#[derive(Debug)]
pub enum Verdict {
    /// It is wrong.
    Wrong,
    /// It is right. If there is a new hash, it replaces the stored one, which was made by an older method.
    Right(Option<PasswordHash>),
}

/// Hashes passwords, with limited concurrency.
#[derive(Clone)]
pub struct Passwords {
    slots: Arc<Semaphore>,
    verified: Arc<AtomicU64>,
}

impl Default for Passwords {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { slots: Arc::new(Semaphore::new(processors)), verified: Arc::default() }
    }
}

impl Passwords {
    /// Verifies a password against its hash. Without a hash, because there is no such account or it may not log in, the
    /// same work is done and the result is `Wrong`.
    pub async fn verify(&self, password: &Password, stored: Option<PasswordHash>) -> Result<Verdict> {
        let password = password.clone();
        self.verified.fetch_add(1, Ordering::Relaxed);
        self.slow(move || match stored {
            None => {
                PasswordHash::of_nobody().verify(&password)?;
                Ok(Verdict::Wrong)
            }
            Some(stored) if !stored.verify(&password)? => Ok(Verdict::Wrong),
            Some(stored) if stored.is_outdated()? => Ok(Verdict::Right(Some(PasswordHash::of(&password)?))),
            Some(_) => Ok(Verdict::Right(None)),
        })
        .await
    }

    /// Refuses a new password that is too weak. `known` holds what an attacker would try first: the names of the
    /// account and of its enterprise. `field` is the place of the password in the request.
    pub async fn judge(&self, password: &Password, known: Vec<String>, field: &'static str) -> Result<()> {
        let password = password.clone();
        self.slow(move || {
            policy::check(password.expose(), &known).map_err(|problem| Error::invalid(field, problem))
        })
        .await
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash> {
        let password = password.clone();
        self.slow(move || PasswordHash::of(&password)).await
    }

    /// The number of passwords verified, whether or not the account exists.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Runs slow work outside of the executor. The slot moves with it, since the work continues if its request is
    /// abandoned.
    async fn slow<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(Error::internal)?;
        let work = move || {
            let _slot = slot;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}
