//! The location of the database, and how to log in.

use std::time::Duration;

use http::Uri;
use secrecy::{ExposeSecret as _, SecretString};

use super::aws::{Lookup, region};
use super::embedding::url;
use super::{AwsCredentials, ConfigError, variable};
use crate::db::region_of;

/// The location of the database, and how many connections this process may hold.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `MEM0_DATABASE_URL`: `postgres://…`; the login may be `mem0_app` or any role that may `SET ROLE mem0_app`.
    pub url: SecretString,
    /// `MEM0_DATABASE_AUTH`: how to log in.
    pub auth: DatabaseAuth,
    /// `MEM0_DATABASE_CONNECTIONS` (1 in Lambda, 16 in the all-in-one server).
    pub connections: usize,
    /// `MEM0_DATABASE_CA`: the PEM bundle that must have signed the server's certificate if the URL asks for TLS; not
    /// needed for RDS hosts.
    pub ca_pem: Option<String>,
    /// `MEM0_STATEMENT_TIMEOUT_MS` (10000): the time limit of a statement.
    pub statement_timeout: Duration,
}

/// How to log in. `iam` and `secret` need TLS.
#[derive(Debug, Clone)]
pub enum DatabaseAuth {
    /// `password`, the default: the password in the URL.
    Password,
    /// `iam`: a token that RDS accepts from users with the role `rds_iam`.
    Iam {
        /// The host's region, or else `AWS_REGION`.
        region: String,
        /// The credentials that sign tokens.
        credentials: AwsCredentials,
    },
    /// `secret`: the password in Secrets Manager, and the user as well if the URL names none.
    Secret(SecretConfig),
}

/// A secret of AWS Secrets Manager.
#[derive(Debug, Clone)]
pub struct SecretConfig {
    /// `MEM0_DATABASE_SECRET`: its name or ARN; setting it implies `secret`.
    pub id: String,
    /// The ARN's region, or else `AWS_REGION`.
    pub region: String,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER` (the region's public endpoint).
    pub url: Uri,
    /// `MEM0_DATABASE_SECRET_CA`: the PEM bundle that must have signed the endpoint's certificate, instead of the
    /// public roots.
    pub ca_pem: Option<String>,
    /// `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`: the port of Lambda's Parameters and Secrets extension, if it is
    /// present.
    pub extension: Option<u16>,
    /// The credentials that sign requests.
    pub credentials: AwsCredentials,
}

impl DatabaseConfig {
    /// Reads the environment; `connections` is the default for this kind of process.
    pub fn from_env(connections: usize) -> Result<Self, ConfigError> {
        Self::read(&variable, connections)
    }

    /// A database given by its URL, with defaults for everything else.
    pub fn new(url: impl Into<String>) -> Result<Self, ConfigError> {
        Ok(Self {
            url: SecretString::from(url.into()),
            auth: DatabaseAuth::Password,
            connections: 16,
            ca_pem: None,
            statement_timeout: Duration::from_secs(10),
        })
    }

    fn read(variable: Lookup<'_>, connections: usize) -> Result<Self, ConfigError> {
        const EXPECTED: &str = "expected postgres://user:password@host:port/database";
        let refused =
            |why| ConfigError { variable: "MEM0_DATABASE_URL", problem: format!("{why}, {EXPECTED}") };
        let url = variable("MEM0_DATABASE_URL").ok_or_else(|| refused("not set"))?;
        // It may contain a password, which must not be shown.
        let scheme = url.split_once("://").map(|(scheme, _)| scheme).filter(|scheme| !scheme.contains('='));
        if scheme.is_some_and(|scheme| !["postgres", "postgresql"].contains(&scheme)) {
            return Err(refused("not a URL of PostgreSQL"));
        }
        let config = Self::new(url)?;
        Ok(Self {
            auth: auth(variable, config.url.expose_secret())?,
            ca_pem: pem(variable, "MEM0_DATABASE_CA")?,
            connections: number(variable, "MEM0_DATABASE_CONNECTIONS", connections)?.max(1),
            statement_timeout: Duration::from_millis(number(
                variable,
                "MEM0_STATEMENT_TIMEOUT_MS",
                10_000_u64,
            )?),
            ..config
        })
    }
}

fn auth(variable: Lookup<'_>, database: &str) -> Result<DatabaseAuth, ConfigError> {
    let secret = variable("MEM0_DATABASE_SECRET");
    match (variable("MEM0_DATABASE_AUTH").as_deref(), secret) {
        (None | Some("password"), None) => Ok(DatabaseAuth::Password),
        (Some("iam"), None) => {
            let host = database.parse::<tokio_postgres::Config>().ok().and_then(|config| {
                match config.get_hosts().first() {
                    Some(tokio_postgres::config::Host::Tcp(host)) => Some(host.clone()),
                    _ => None,
                }
            });
            let own = host.as_deref().and_then(region_of).map(str::to_owned);
            Ok(DatabaseAuth::Iam { region: region(variable, own)?, credentials: credentials(variable)? })
        }
        (None | Some("secret"), Some(id)) => secret_of(variable, id).map(DatabaseAuth::Secret),
        (Some("secret"), None) => {
            let problem = "not set, but MEM0_DATABASE_AUTH is secret: expected a name or an ARN".to_owned();
            Err(ConfigError { variable: "MEM0_DATABASE_SECRET", problem })
        }
        (Some(auth @ ("password" | "iam")), Some(_)) => {
            let problem = format!("has no effect while MEM0_DATABASE_AUTH is {auth}");
            Err(ConfigError { variable: "MEM0_DATABASE_SECRET", problem })
        }
        (Some(other), _) => {
            let problem = format!("{other:?} is not password, iam or secret");
            Err(ConfigError { variable: "MEM0_DATABASE_AUTH", problem })
        }
    }
}

fn secret_of(variable: Lookup<'_>, id: String) -> Result<SecretConfig, ConfigError> {
    // arn:aws:secretsmanager:<region>:<account>:secret:<name>
    let own = id.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2)).map(str::to_owned);
    let region = region(variable, own)?;
    let endpoint = "AWS_ENDPOINT_URL_SECRETS_MANAGER";
    let public = || format!("https://secretsmanager.{region}.amazonaws.com");
    let extension = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT";
    let port = |text: String| {
        let problem = format!("{text:?} is not a port");
        text.parse().map_err(|_| ConfigError { variable: extension, problem })
    };
    Ok(SecretConfig {
        url: url(endpoint, &variable(endpoint).unwrap_or_else(public))?,
        ca_pem: pem(variable, "MEM0_DATABASE_SECRET_CA")?,
        extension: variable(extension).map(port).transpose()?,
        credentials: credentials(variable)?,
        id,
        region,
    })
}

fn credentials(variable: Lookup<'_>) -> Result<AwsCredentials, ConfigError> {
    AwsCredentials::read(variable)?.ok_or_else(|| ConfigError {
        variable: "MEM0_DATABASE_AUTH",
        problem:
            "iam and secret need credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a container's \
                  AWS_CONTAINER_CREDENTIALS_FULL_URI"
                .to_owned(),
    })
}

fn pem(variable: Lookup<'_>, name: &'static str) -> Result<Option<String>, ConfigError> {
    let read = |path: String| {
        std::fs::read_to_string(&path).map_err(|error| ConfigError {
            variable: name,
            problem: format!("{path} cannot be read: {error}"),
        })
    };
    variable(name).map(read).transpose()
}

fn number<T: std::str::FromStr<Err: std::fmt::Display>>(
    variable: Lookup<'_>,
    name: &'static str,
    default: T,
) -> Result<T, ConfigError> {
    variable(name).map_or(Ok(default), |value| {
        value.parse().map_err(|error| ConfigError {
            variable: name,
            problem: format!("{value:?} is not valid: {error}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "postgres://mem0_app@db.abc.eu-central-1.rds.amazonaws.com/mem0";
    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mem0/database-AbCdEf";

    fn read(variables: &[(&str, &str)]) -> Result<DatabaseConfig, String> {
        let keys =
            [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "us-east-1")];
        let all = [&[("MEM0_DATABASE_URL", HOST)], variables, &keys].concat();
        let find = |name: &str| all.iter().find(|(known, value)| *known == name && !value.is_empty());
        DatabaseConfig::read(&|name| find(name).map(|(_, value)| (*value).to_owned()), 1)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_region_is_the_databases_or_the_secrets_before_it_is_the_functions() {
        let DatabaseAuth::Iam { region, .. } = read(&[("MEM0_DATABASE_AUTH", "iam")]).unwrap().auth else {
            panic!()
        };
        assert_eq!(region, "eu-central-1");
        let DatabaseAuth::Secret(secret) = read(&[("MEM0_DATABASE_SECRET", ARN)]).unwrap().auth else {
            panic!()
        };
        assert_eq!((secret.region.as_str(), secret.extension), ("eu-west-1", None));
        assert_eq!(secret.url.to_string(), "https://secretsmanager.eu-west-1.amazonaws.com/");
        let named =
            [("MEM0_DATABASE_SECRET", "mem0/database"), ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773")];
        let DatabaseAuth::Secret(secret) = read(&named).unwrap().auth else { panic!() };
        assert_eq!((secret.region.as_str(), secret.extension), ("us-east-1", Some(2773)));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for (variables, expected) in [
            (
                &[("MEM0_DATABASE_AUTH", "kerberos")][..],
                "MEM0_DATABASE_AUTH: \"kerberos\" is not password, iam or secret",
            ),
            (&[("MEM0_DATABASE_AUTH", "secret")], "MEM0_DATABASE_SECRET: not set"),
            (
                &[("MEM0_DATABASE_AUTH", "iam"), ("MEM0_DATABASE_SECRET", "x")],
                "MEM0_DATABASE_SECRET: has no effect",
            ),
            (&[("MEM0_DATABASE_CONNECTIONS", "many")], "MEM0_DATABASE_CONNECTIONS: \"many\" is not valid"),
            (&[("MEM0_DATABASE_CA", "/nonesuch")], "MEM0_DATABASE_CA: /nonesuch cannot be read"),
        ] {
            let error = read(variables).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
