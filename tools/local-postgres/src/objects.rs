//! Roles, databases and extensions, created by the superuser if missing.

use tokio_postgres::{Client, NoTls};

use crate::SUPERUSER;
use crate::cluster::Cluster;
use crate::error::Error;

/// The advisory lock that serialises checking and creating by processes that open the cluster at the same time. Any
/// number that nobody else uses for an advisory lock in the database `postgres`.
const MAKING_OBJECTS: i64 = 0x6d65_6d30;

impl Cluster {
    /// Connects as superuser. The current Tokio runtime drives the connection until the client is dropped.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn connect(&self, database: &str) -> Result<Client, Error> {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port()).user(SUPERUSER).password(self.password()).dbname(database);
        let connected = config.connect(NoTls).await;
        let (client, connection) = connected.map_err(sql(|| format!("connecting to database {database}")))?;
        // It ends when the client is dropped; its error is also returned by the pending query.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Creates a role that can log in, or sets the password of an existing one.
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn ensure_role(&self, name: &str, password: &str) -> Result<(), Error> {
        let doing = || format!("making role {name}");
        let client = self.connect_alone().await?;
        let exists = "SELECT FROM pg_roles WHERE rolname = $1";
        let verb = match client.query_opt(exists, &[&name]).await.map_err(sql(doing))? {
            Some(_) => "ALTER",
            None => "CREATE",
        };
        let template = format!("{verb} ROLE %I LOGIN PASSWORD %L");
        execute(&client, &template, &[name, password]).await.map_err(sql(doing))
    }

    /// Creates a database owned by `owner`, or changes the owner of an existing one. Returns whether it is new.
    ///
    /// # Errors
    /// [`Error::Sql`], for example if there is no such role.
    pub async fn ensure_database(&self, name: &str, owner: &str) -> Result<bool, Error> {
        let doing = || format!("making database {name}");
        let client = self.connect_alone().await?;
        let exists = "SELECT FROM pg_database WHERE datname = $1";
        let new = client.query_opt(exists, &[&name]).await.map_err(sql(doing))?.is_none();
        let template = if new { "CREATE DATABASE %I OWNER %I" } else { "ALTER DATABASE %I OWNER TO %I" };
        execute(&client, template, &[name, owner]).await.map_err(sql(doing))?;
        Ok(new)
    }

    /// Installs an extension into a database and updates it to the version that comes with this PostgreSQL. Only a
    /// superuser can install pgvector (`vector`).
    ///
    /// # Errors
    /// [`Error::Sql`].
    pub async fn ensure_extension(&self, database: &str, extension: &str) -> Result<(), Error> {
        let doing = || format!("installing extension {extension} into database {database}");
        let _alone = self.connect_alone().await?;
        let client = self.connect(database).await?;
        execute(&client, "CREATE EXTENSION IF NOT EXISTS %I", &[extension]).await.map_err(sql(doing))?;
        execute(&client, "ALTER EXTENSION %I UPDATE", &[extension]).await.map_err(sql(doing))
    }

    /// Connects to the database `postgres`, holding a lock that one process at a time gets.
    async fn connect_alone(&self) -> Result<Client, Error> {
        let client = self.connect(SUPERUSER).await?;
        let lock = "SELECT pg_advisory_lock($1)";
        client.execute(lock, &[&MAKING_OBJECTS]).await.map_err(sql(|| "locking".to_owned()))?;
        Ok(client)
    }
}

/// Runs a statement without parameters, into which the server puts quoted names and literals.
async fn execute(client: &Client, template: &str, parts: &[&str]) -> Result<(), tokio_postgres::Error> {
    let row = client.query_one("SELECT format($1, VARIADIC $2::text[])", &[&template, &parts]).await?;
    client.batch_execute(row.try_get(0)?).await
}

fn sql(doing: impl Fn() -> String) -> impl FnOnce(tokio_postgres::Error) -> Error {
    move |source| Error::Sql { doing: doing(), source }
}
