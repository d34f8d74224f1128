//! Passwords: what one is, how it is hashed, which are good enough, and how it is changed.
//!
//! Hashing takes tens of milliseconds and 19 MiB by design. [`Passwords`] does it on threads of their own, so that other
//! requests are not held up, and no more at once than there are processors.

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

/// Longest password in bytes: [`policy::LONGEST`] characters of four bytes. Bounds what hashing a stranger's input costs.
const MAX_BYTES: usize = 512;

/// A password as somebody typed it, in Unicode normalization form KC, so that it does not depend on the keyboard it was
/// typed on (NIST SP 800-63B section 3.1.1.2).
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
        // A compatibility form can be longer than what it stands for, eighteen times at most.
        Ok(Self(SecretString::from(text.nfkc().collect::<String>())))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What a password turned out to be.
#[derive(Debug)]
pub enum Verdict {
    /// Not the account's.
    Wrong,
    /// The account's. The stored hash is to be replaced by this one, if there is one: it was made by an older method.
    Right(Option<PasswordHash>),
}

/// Hashes passwords, a few at a time.
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
    /// Whether the password is the one that was hashed. Without a hash, because there is no such account or none that
    /// may log in, the same work is done and the answer is no.
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

    /// Refuses a new password that is not good enough. `known` is what an attacker would try first: the names of the
    /// account and of its enterprise. `field` is where the password stood in the request.
    pub async fn judge(&self, password: &Password, known: Vec<String>, field: &'static str) -> Result<()> {
        let password = password.clone();
        self.slow(move || {
            policy::check(password.expose(), &known).map_err(|problem| Error::invalid(field, problem))
        })
        .await
    }

    /// The hash of a new password.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash> {
        let password = password.clone();
        self.slow(move || PasswordHash::of(&password)).await
    }

    /// How many passwords were verified, existing account or not.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Runs slow work beside the executor. The slot goes with it: work goes on when its request is given up.
    async fn slow<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(Error::internal)?;
        let work = move || {
            let _slot = slot;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}
