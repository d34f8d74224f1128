//! Accounts and the credentials that prove them: passwords, sessions, access and refresh tokens, API keys, and
//! what people let applications do (`oauth`).
//!
//! One folder per noun, each with its verbs and a private store. Start with [`Identity`], whose verbs they are:
//! `register` and `login` in [`accounts`] and [`sessions`], `refresh` in [`refresh_tokens`].
//!
//! Not here: checking the credential of a request (`access`), and who belongs where (`tenancy`). Everything here runs in
//! an [`IdentityTx`](crate::access::IdentityTx), which sees accounts and credentials, and no memory.

pub mod accounts;
pub mod api_keys;
pub mod oauth;
pub mod passwords;
pub mod refresh_tokens;
pub mod sessions;
pub mod signing_keys;
pub mod throttle;

pub use accounts::{
    LeftKey, deactivate_service_account, deactivate_user, reactivate_service_account, reactivate_user,
};

use crate::access::Gate;
use oauth::fetch::Fetcher;
use passwords::Passwords;
use signing_keys::SigningKeys;

/// The verbs of sign-in. Cheap to clone; one per process, because it bounds how many passwords are hashed at once.
#[derive(Clone)]
pub struct Identity {
    gate: Gate,
    passwords: Passwords,
    signing_keys: SigningKeys,
    fetcher: Fetcher,
}

impl Identity {
    /// On that database, issuing tokens in the name of the gate's issuer.
    ///
    /// `fetcher` reads what strangers refer to.
    #[must_use]
    pub fn new(gate: Gate, fetcher: Fetcher) -> Self {
        Self { signing_keys: SigningKeys::new(gate.clone()), passwords: Passwords::default(), gate, fetcher }
    }

    /// What reads documents that strangers refer to.
    #[must_use]
    pub fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    /// Who checks the credentials issued here.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What signs access tokens.
    #[must_use]
    pub fn signing_keys(&self) -> &SigningKeys {
        &self.signing_keys
    }

    /// What hashes passwords.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }
}
