//! The current password, whatever its source.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::iam::Iam;
use super::secret::Secret;
use crate::config::{ConfigError, DatabaseAuth, DatabaseConfig};

/// How long a rotation may take between changing the secret and changing the role.
const HALFWAY: Duration = Duration::from_millis(300);

/// The user to log in as, and the password.
#[derive(Clone)]
pub(super) struct Login {
    /// The user, if it is not the one in the URL.
    pub(super) user: Option<String>,
    pub(super) password: SecretString,
}

impl Login {
    /// Whether the password is printable ASCII, which stringprep (RFC 4013) leaves unchanged.
    pub(super) fn is_plain(&self) -> bool {
        self.password.expose_secret().bytes().all(|byte| matches!(byte, b' '..=b'~'))
    }
}

/// The source of passwords.
pub(super) enum Passwords {
    /// The URL.
    Fixed(Option<Login>),
    /// A token, made anew for each connection.
    Iam(Box<Iam>),
    /// AWS Secrets Manager.
    Secret(Box<Secret>),
}

impl Passwords {
    pub(super) fn new(config: &DatabaseConfig, parameters: &mut Config) -> Result<Self, ConfigError> {
        Ok(match config.auth.clone() {
            DatabaseAuth::Password => Self::Fixed(parameters.get_password().map(|password| Login {
                user: None,
                password: String::from_utf8_lossy(password).into_owned().into(),
            })),
            DatabaseAuth::Iam { region, credentials } => {
                let missing = |what: &str| ConfigError {
                    variable: "MEM0_DATABASE_URL",
                    problem: format!("names no {what}, which a login by IAM needs"),
                };
                let Some(Host::Tcp(host)) = parameters.get_hosts().first() else {
                    return Err(missing("host"));
                };
                let port = parameters.get_ports().first().copied().unwrap_or(5432);
                let user = parameters.get_user().ok_or_else(|| missing("user"))?;
                Self::Iam(Box::new(Iam::new(host, port, user, region, credentials)))
            }
            DatabaseAuth::Secret(secret) => {
                let with_user = parameters.get_user().is_none();
                if with_user {
                    // A placeholder for the secret's user, which is not known yet.
                    parameters.user("secret");
                }
                Self::Secret(Box::new(Secret::new(secret, with_user)))
            }
        })
    }

    /// Returns the current login; `None` if no password is known.
    pub(super) async fn current(&self) -> Result<Option<Login>, String> {
        match self {
            Self::Fixed(login) => Ok(login.clone()),
            Self::Iam(iam) => iam.token().await.map(Some),
            Self::Secret(secret) => secret.current().await.map(Some),
        }
    }

    /// How long to wait before each further attempt with a freshly fetched password.
    pub(super) fn again_after(&self) -> &'static [Duration] {
        match self {
            Self::Fixed(_) => &[],
            Self::Iam(_) => &[Duration::ZERO],
            Self::Secret(_) => &[Duration::ZERO, HALFWAY],
        }
    }

    /// Discards a rejected password; returns whether another attempt makes sense.
    pub(super) async fn renew(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Iam(_) => true,
            Self::Secret(secret) => {
                secret.forget().await;
                true
            }
        }
    }
}
