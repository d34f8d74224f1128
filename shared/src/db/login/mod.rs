//! Logging in: opening one connection, with the password that holds now.
//!
//! [`Opener`] is what the pool, migrations and nobody else open connections with. Where the password comes from is
//! [`Passwords`]: the URL, an RDS IAM token ([`iam`]) or Secrets Manager ([`secret`]). It is fetched while TCP and TLS are
//! being set up, and used by [`greeting`], which speaks the first part of the protocol itself: SCRAM as
//! `postgres-protocol` does it hashes twice as
//! much, which without SHA instructions is most of a cold start's CPU (docs/adr/0015).
//!
//! Refused, it is fetched anew and tried again: a password that was rotated meanwhile costs one more handshake. A secret's is
//! tried once more a little later, for a rotation changes the secret and the role one after the other.

mod greeting;
mod iam;
mod passwords;
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

/// Opens connections.
#[derive(Clone)]
pub(super) struct Opener {
    tls: MakeRustlsConnect,
    passwords: Arc<Passwords>,
}

impl Opener {
    /// For these parameters, to which it adds what its kind of password needs.
    pub(super) fn new(
        config: &DatabaseConfig,
        parameters: &mut Config,
        tls: MakeRustlsConnect,
    ) -> Result<Self, StoreError> {
        let passwords = Passwords::new(config, parameters).map_err(StoreError::Configuration)?;
        if !matches!(config.auth, DatabaseAuth::Password) {
            // A token is sent as it is: only to whom the certificate proves to be the database.
            parameters.ssl_mode(SslMode::Require);
        }
        Ok(Self { tls, passwords: Arc::new(passwords) })
    }

    /// A connection, driven by a task of its own.
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
        // Begins to fetch what has to be fetched; the handshake does not wait for it.
        let passwords = Arc::clone(&self.passwords);
        let fetching = async move { passwords.current().await }.boxed().shared();
        tokio::spawn(fetching.clone());
        let greeter = Greeter::new(self.tls.clone(), parameters, fetching);
        let (client, connection) = parameters.connect(greeter).await?;
        let driving = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a database connection ended");
            }
        });
        Ok((client, driving))
    }
}

/// Whether the database does not accept the password: wrong, expired, or no longer that of the user.
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
