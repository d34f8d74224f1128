//! Makes the embedded PostgreSQL look like RDS to the functions: TLS, and optionally IAM tokens. It runs in a thread
//! of its own, so that its work is not attributed to the emulator.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context as _, Result};
use lambda_emulator::SpawnOptions;
use postgres_front::{Front, Iam, Options};
use tokio_postgres::config::Host;

/// The name in the certificate.
const HOST: &str = "db.bench.eu-central-1.rds.amazonaws.com";
const REGION: &str = "eu-central-1";
const ACCESS_KEY: &str = "AKIABENCH";
const SECRET_KEY: &str = "bench";

/// How functions log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Login {
    /// A password, by SCRAM with 4,096 iterations.
    Password,
    /// An IAM token, as on RDS.
    Iam,
}

/// The running fronts.
pub(super) struct Door {
    pub(super) login: Login,
    password: Front,
    tokens: Front,
    certificates: [PathBuf; 2],
    /// The runtime of the fronts' tasks.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Door {
    fn drop(&mut self) {
        // Without waiting for its threads, which is not allowed inside of another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Door {
    pub(super) fn open(upstream: SocketAddr, directory: &Path, login: Login) -> Result<Self> {
        let iam = Iam {
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            region: REGION.to_owned(),
            password: measuring::database::PASSWORD.to_owned(),
        };
        let options = move |iam| Options { upstream, host: HOST.to_owned(), iam };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (sender, started) = mpsc::channel();
        runtime.spawn(async move {
            let both = (Front::start(options(None)).await, Front::start(options(Some(iam))).await);
            // The receiver waits below.
            let _ = sender.send(both);
        });
        let (password, tokens) = started.recv().context("starting what stands before PostgreSQL")?;
        let (password, tokens) = (password?, tokens?);
        let certificates = [directory.join("password.pem"), directory.join("tokens.pem")]
            .map(|path| std::path::absolute(&path).unwrap_or(path));
        fs::write(&certificates[0], password.certificate())?;
        fs::write(&certificates[1], tokens.certificate())?;
        Ok(Self { login, password, tokens, certificates, runtime: Some(runtime) })
    }

    /// Converts a PostgreSQL URL to a connection string of `tokio-postgres` without port and
    /// password: user, database and host.
    pub(super) fn url(&self, url: &str) -> Result<String> {
        let config: tokio_postgres::Config = url.parse()?;
        let Some(Host::Tcp(_)) = config.get_hosts().first() else { anyhow::bail!("{url} names no host") };
        let (user, database) =
            (config.get_user().unwrap_or_default(), config.get_dbname().unwrap_or_default());
        Ok(format!("host={HOST} hostaddr=127.0.0.1 user={user} dbname={database} sslmode=require"))
    }

    /// Sets the variables that tell a function where the database is and how to log in.
    pub(super) fn environment(&self, options: SpawnOptions, url: &str, login: Login) -> SpawnOptions {
        let front = self.front(login);
        let port = front.address().port();
        match login {
            Login::Password => {
                let password = measuring::database::PASSWORD;
                let url = format!("{url} port={port} password={password}");
                options
                    .env("MEM0_DATABASE_URL", url)
                    .env("MEM0_DATABASE_CA", self.certificates[0].display().to_string())
            }
            Login::Iam => options
                .env("MEM0_DATABASE_URL", format!("{url} port={port}"))
                .env("MEM0_DATABASE_CA", self.certificates[1].display().to_string())
                .env("MEM0_DATABASE_AUTH", "iam")
                .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
                .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        }
    }

    /// The front for functions with this login.
    pub(super) fn front(&self, login: Login) -> &Front {
        match login {
            Login::Password => &self.password,
            Login::Iam => &self.tokens,
        }
    }
}
