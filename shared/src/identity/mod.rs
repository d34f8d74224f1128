//! Accounts and their credentials: passwords, sessions, access and refresh tokens, API keys, and grants to applications
//! (`oauth`).
//!
//! There is one folder per noun, each with its operations and a private store. Start with [`Identity`], which has these
//! operations as methods: `register` and `login` in [`accounts`] and [`sessions`], `refresh` in [`refresh_tokens`].
//!
//! Not here: checking the credential of a request (`access`), and membership (`tenancy`). Everything here runs in an
//! [`IdentityTx`](crate::access::IdentityTx), which sees accounts and credentials, and no memory.

pub mod accounts;
pub mod api_keys;
pub mod oauth;
pub mod password_resets;
pub mod passwords;
pub mod refresh_tokens;
pub mod sessions;
pub mod signing_keys;
pub mod throttle;

pub use accounts::{
    LeftKey, deactivate_service_account, deactivate_user, reactivate_service_account, reactivate_user,
};

use crate::access::Gate;
use crate::config::Registration;
use oauth::fetch::Fetcher;
use passwords::Passwords;
use signing_keys::SigningKeys;

/// The sign-in service. Cheap to clone. Create one per process, because it limits how many passwords are hashed at
/// once.
#[derive(Clone)]
pub struct Identity {
    gate: Gate,
    passwords: Passwords,
    signing_keys: SigningKeys,
    fetcher: Fetcher,
    registration: Registration,
}

impl Identity {
    /// Creates the service on the gate's database; it issues tokens in the name of the gate's issuer.
    ///
    /// `fetcher` reads documents that strangers refer to.
    #[must_use]
    pub fn new(gate: Gate, fetcher: Fetcher) -> Self {
        let (signing_keys, passwords) = (SigningKeys::new(gate.clone()), Passwords::default());
        Self { signing_keys, passwords, gate, fetcher, registration: Registration::Open }
    }

    /// Sets who can make an account; everybody unless this is called.
    #[must_use]
    pub fn with_registration(self, registration: Registration) -> Self {
        Self { registration, ..self }
    }

    /// The reader of documents that strangers refer to.
    #[must_use]
    pub fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    /// The gate, which checks the credentials issued here.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The keys that sign access tokens.
    #[must_use]
    pub fn signing_keys(&self) -> &SigningKeys {
        &self.signing_keys
    }

    /// The password hasher.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }
}
