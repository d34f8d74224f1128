//! Configuration: `MEM0_*` variables, one struct per concern, read once at start-up.
//!
//! This is the one place that reads the environment. A value that cannot be parsed is an error that names the variable.
//! docs/guides/settings.md lists them all.

use std::net::SocketAddr;
use std::num::NonZero;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use tracing::level_filters::LevelFilter;

mod anchors;
mod aws;
mod database;
mod embedding;
mod proxies;

pub use anchors::AnchorsConfig;
pub use aws::AwsCredentials;
pub use database::{DatabaseAuth, DatabaseConfig, SecretConfig};
pub use embedding::{EmbeddingConfig, ModelConfig};
pub use proxies::ProxiesConfig;

/// A variable that is missing or not valid.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct ConfigError {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// How this installation is reached from outside.
#[derive(Debug, Clone)]
pub struct PublicConfig {
    /// `MEM0_PUBLIC_URL` (`http://127.0.0.1:13370`): the base of every URL given out, and the issuer of access tokens;
    /// no trailing slash.
    pub url: String,
    /// `MEM0_ALLOWED_ORIGINS`: browser origins besides the public URL's own that may call MCP, comma-separated.
    pub allowed_origins: Vec<String>,
    /// `MEM0_READ_DOCUMENTS` (`on`): `off` where functions have no Internet access. Then applications must register,
    /// and keys must be sent: nothing is read from URLs that others give.
    pub reads_documents: bool,
}

/// Limits on the cost of a request.
#[derive(Debug, Clone, Copy)]
pub struct LimitsConfig {
    /// `MEM0_MAX_BODY_BYTES` (1 MiB): larger bodies are refused with 413.
    pub body_bytes: usize,
    /// `MEM0_REQUEST_TIMEOUT_MS` (25000): the time limit of a request; API Gateway gives up at 30 s.
    pub request: Duration,
}

/// `MEM0_LISTEN` (127.0.0.1:13370): the address that the all-in-one server listens on.
pub fn listen() -> Result<SocketAddr, ConfigError> {
    parsed("MEM0_LISTEN", SocketAddr::from(([127, 0, 0, 1], 13370)))
}

/// `MEM0_MAX_CONNECTIONS` (900): the maximum number of open client connections of the all-in-one server; further
/// clients wait. Each is an open file, of which a process may have 1,024 by default on most systems.
pub fn max_connections() -> Result<usize, ConfigError> {
    parsed("MEM0_MAX_CONNECTIONS", NonZero::<usize>::new(900).unwrap_or(NonZero::<usize>::MIN))
        .map(NonZero::get)
}

/// `MEM0_LOG` (info): off, error, warn, info, debug or trace.
pub fn log_level() -> Result<LevelFilter, ConfigError> {
    parsed("MEM0_LOG", LevelFilter::INFO)
}

/// `MEM0_METRICS` (`emf`): `off` disables metrics. They are only written on Lambda.
pub fn metrics() -> bool {
    variable("MEM0_METRICS").as_deref() != Some("off")
}

/// `MEM0_EDGE_SECRET`: the secret that CloudFront or another proxy sends, without which a function refuses every
/// request; `None` if there is none in front of it.
pub(crate) fn edge_secret() -> Option<SecretString> {
    variable("MEM0_EDGE_SECRET").map(SecretString::from)
}

impl PublicConfig {
    /// Reads the environment; `fallback` is the URL if none is set.
    pub fn from_env(fallback: &str) -> Result<Self, ConfigError> {
        let url = variable("MEM0_PUBLIC_URL").unwrap_or_else(|| fallback.to_owned());
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(ConfigError {
                variable: "MEM0_PUBLIC_URL",
                problem: format!("{url:?} is not an http or https URL"),
            });
        }
        let reads_documents = match variable("MEM0_READ_DOCUMENTS").as_deref() {
            None | Some("on") => true,
            Some("off") => false,
            Some(other) => {
                return Err(ConfigError {
                    variable: "MEM0_READ_DOCUMENTS",
                    problem: format!("{other:?} is neither on nor off"),
                });
            }
        };
        let allowed_origins = variable("MEM0_ALLOWED_ORIGINS").unwrap_or_default();
        let allowed_origins = allowed_origins.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            allowed_origins: allowed_origins.map(str::to_owned).collect(),
            reads_documents,
        })
    }
}

impl LimitsConfig {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            body_bytes: parsed("MEM0_MAX_BODY_BYTES", 1024 * 1024)?,
            request: milliseconds("MEM0_REQUEST_TIMEOUT_MS", 25_000)?,
        })
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { body_bytes: 1024 * 1024, request: Duration::from_secs(25) }
    }
}

/// Returns a variable's value; an empty one counts as not set.
#[allow(clippy::disallowed_methods, reason = "the one home of environment variables")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(name: &'static str, default: T) -> Result<T, ConfigError> {
    variable(name).map_or(Ok(default), |value| {
        value.parse().map_err(|error| ConfigError {
            variable: name,
            problem: format!("{value:?} is not valid: {error}"),
        })
    })
}

fn milliseconds(name: &'static str, default: u64) -> Result<Duration, ConfigError> {
    parsed(name, default).map(Duration::from_millis)
}
