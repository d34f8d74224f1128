//! Logging in: opening one connection with the current password.
//!
//! [`Opener`] is what the pool and the migrations open connections with. [`Passwords`] is the source of the password:
//! the URL, an RDS IAM token ([`iam`]) or Secrets Manager ([`secret`]). The password is fetched while TCP and TLS are
//! being set up, and used by [`greeting`], which implements the first part of the protocol itself: SCRAM in
//! `postgres-protocol` computes twice as many hashes, which without SHA instructions is most of a cold start's CPU time
//! (docs/adr/0015).
//!
//! If the login is refused, the password is fetched again and the login retried, so a password that has just been
//! rotated costs one more handshake. A secret is retried once more a little later, because a rotation changes the
//! secret and the role one after the other.

mod greeting;
mod iam;
mod passwords;
mod progress;
mod scram;
mod secret;

use std::sync::Arc;

use deadpool_postgres::Connect;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{DatabaseAuth, DatabaseConfig};
use crate::db::StoreError;
use greeting::Greeter;
use passwords::Passwords;
pub(super) use progress::{Progress, Stage};

/// Opens connections.
#[derive(Clone)]
pub(super) struct Opener {
    tls: MakeRustlsConnect,
    passwords: Arc<Passwords>,
    progress: Progress,
}

impl Opener {
    /// Creates an opener for these parameters, and adds what its kind of password requires to them.
    pub(super) fn new(
        config: &DatabaseConfig,
        parameters: &mut Config,
        tls: MakeRustlsConnect,
    ) -> Result<Self, StoreError> {
        let passwords = Passwords::new(config, parameters).map_err(StoreError::Configuration)?;
        if !matches!(config.auth, DatabaseAuth::Password) {
            // A token is sent in the clear, so only to a server whose certificate proves that it is the database.
            parameters.ssl_mode(SslMode::Require);
        }
        Ok(Self { tls, passwords: Arc::new(passwords), progress: Progress::default() })
    }

    /// How far the first login is.
    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Opens a connection, driven by a task of its own.
    pub(super) async fn open(&self, parameters: &Config) -> Result<(Client, JoinHandle<()>), Error> {
        let mut opened = self.once(parameters).await;
        for wait in self.passwords.again_after() {
            match &opened {
                Err(error) if refused(error) && self.passwords.renew().await => {}
                _ => break,
            }
            tokio::time::sleep(*wait).await;
            opened = self.once(parameters).await;
        }
        opened
    }

    async fn once(&self, parameters: &Config) -> Result<(Client, JoinHandle<()>), Error> {
        // Starts fetching the password; the handshake does not wait for it.
        let passwords = Arc::clone(&self.passwords);
        let fetching = async move { passwords.current().await }.boxed().shared();
        tokio::spawn(fetching.clone());
        let greeter = Greeter::new(self.tls.clone(), parameters, fetching, self.progress.clone());
        let (client, connection) = parameters.connect(greeter).await?;
        let driving = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a database connection ended");
            }
        });
        self.progress.reach(Stage::Over);
        Ok((client, driving))
    }
}

/// Whether the database rejected the password as wrong, expired or no longer current.
fn refused(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(code)
    })
}

impl Connect for Opener {
    fn connect(&self, parameters: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let parameters = parameters.clone();
        Box::pin(async move { self.open(&parameters).await })
    }
}
