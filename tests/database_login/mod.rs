//! Logging in to the database as on RDS: TLS, IAM tokens, secrets that rotate, connections that die silently.
//!
//! `postgres_front` makes the embedded PostgreSQL behave like RDS; moto emulates Secrets Manager.

pub(crate) mod iam;
pub(crate) mod moto;
mod network;
pub(crate) mod secrets;
mod tls;

use postgres_front::{Front, Iam, Options};
use shared::config::{AwsCredentials, DatabaseAuth, DatabaseConfig};
use shared::db::Database;

use crate::harness::TestDatabase;

/// What the tests' database is called.
pub(crate) const HOST: &str = "db.test.eu-central-1.rds.amazonaws.com";

pub(crate) const ACCESS_KEY: &str = "AKIATEST";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+of/the=test";

/// A database of its own with a role of its own, behind a front.
pub(crate) struct Rds {
    pub(crate) front: Front,
    pub(crate) role: String,
    // Last: dropped after what uses it.
    pub(crate) database: TestDatabase,
}

impl Rds {
    /// With this password; with tokens instead, if asked to.
    pub(crate) async fn start(password: &str, iam: bool) -> Self {
        let database = TestDatabase::new().await;
        let role = format!("mem0_rds_{}", uuid::Uuid::new_v4().simple());
        let make = format!(
            "CREATE ROLE {role} LOGIN NOINHERIT PASSWORD '{password}' IN ROLE mem0_app;
             ALTER ROLE {role} SET role TO mem0_app; ALTER ROLE {role} SET statement_timeout TO '10s'"
        );
        // With as many iterations as by default, which the tests' cluster spares its own roles.
        let superuser = database.superuser().await;
        superuser.batch_execute(&format!("SET scram_iterations = 4096; {make}")).await.unwrap();
        let upstream = database.address().await;
        let iam = iam.then(|| Iam {
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            region: "eu-central-1".to_owned(),
            password: password.to_owned(),
        });
        let front = Front::start(Options { upstream, host: HOST.to_owned(), iam }).await.unwrap();
        Self { front, role, database }
    }

    /// Where functions find it.
    pub(crate) async fn url(&self, password: Option<&str>) -> String {
        self.database.url_through(&self.role, password, HOST, self.front.address().port()).await
    }

    /// Its configuration, with one connection as on Lambda.
    pub(crate) async fn config(&self, password: Option<&str>, auth: DatabaseAuth) -> DatabaseConfig {
        let ca_pem = Some(self.front.certificate().to_owned());
        let config = DatabaseConfig::new(self.url(password).await).unwrap();
        DatabaseConfig { auth, connections: 1, ca_pem, ..config }
    }

    /// Gives the role another password.
    pub(crate) async fn rotate(&self, password: &str) {
        let change = format!("SET scram_iterations = 4096; ALTER ROLE {} PASSWORD '{password}'", self.role);
        self.database.superuser().await.batch_execute(&change).await.unwrap();
    }

    /// Ends the role's sessions that are not in a transaction.
    pub(crate) async fn end_idle_sessions(&self) {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE usename = $1 AND state = 'idle'";
        self.database.superuser().await.query_one(end, &[&self.role]).await.unwrap();
    }

    /// Ends every session of the role.
    pub(crate) async fn end_sessions(&self) {
        let end = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = $1";
        self.database.superuser().await.query_one(end, &[&self.role]).await.unwrap();
    }
}

/// The tests' caller of AWS.
pub(super) fn credentials(token: Option<&str>) -> AwsCredentials {
    AwsCredentials::Fixed {
        id: ACCESS_KEY.to_owned(),
        secret: SECRET_KEY.into(),
        token: token.map(Into::into),
    }
}

/// Asks the database something.
pub(super) async fn ask(database: &Database) -> Result<(), String> {
    database.readiness().await.map(drop).map_err(|error| error.to_string())
}
