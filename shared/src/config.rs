//! Configuration: `MEM0_*` variables, one struct per concern, read once at start-up.
//!
//! This is the one place that reads the environment. A value that cannot be parsed is an error that names the variable.
//! docs/guides/settings.md lists them all.

use std::net::SocketAddr;
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
    /// `MEM0_REGISTRATION` (`open`): who can make an account.
    pub registration: Registration,
}

/// Who can make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registration {
    /// Everybody: without an invitation, they found an enterprise.
    #[default]
    Open,
    /// Those who are invited.
    Invitation,
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
    positive("MEM0_MAX_CONNECTIONS", 900)
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
        let url = origin(&url).map_err(|problem| ConfigError { variable: "MEM0_PUBLIC_URL", problem })?;
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
        let registration = match variable("MEM0_REGISTRATION").as_deref() {
            None | Some("open") => Registration::Open,
            Some("invitation") => Registration::Invitation,
            Some(other) => {
                return Err(ConfigError {
                    variable: "MEM0_REGISTRATION",
                    problem: format!("{other:?} is neither open nor invitation"),
                });
            }
        };
        let allowed_origins = variable("MEM0_ALLOWED_ORIGINS").unwrap_or_default();
        let allowed_origins = allowed_origins.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let allowed_origins = allowed_origins.map(str::to_owned).collect();
        Ok(Self { url, allowed_origins, reads_documents, registration })
    }
}

impl LimitsConfig {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            body_bytes: positive("MEM0_MAX_BODY_BYTES", 1024 * 1024)?,
            request: milliseconds("MEM0_REQUEST_TIMEOUT_MS", 25_000)?,
        })
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { body_bytes: 1024 * 1024, request: Duration::from_secs(25) }
    }
}

/// Checks that a URL is an origin, and returns it without a trailing slash. With anything behind the host, the URLs made
/// from it would be wrong, and so would the place of the well-known documents.
fn origin(url: &str) -> Result<String, String> {
    const EXPECTED: &str = "expected scheme and host only, like https://mem0.example";
    // It may contain a password, which must not be shown.
    if url.contains('@') {
        return Err(format!("user name or password in the URL; {EXPECTED}"));
    }
    let refuse = |why: &str| Err(format!("{url:?} {why}; {EXPECTED}"));
    let Ok(parsed) = url.parse::<http::Uri>() else { return refuse("is not a URL") };
    let (Some("http" | "https"), Some(authority)) = (parsed.scheme_str(), parsed.authority()) else {
        return refuse("is not an http or https URL");
    };
    let host = authority.host();
    if host.is_empty() || (authority.as_str() != host && authority.port_u16().is_none()) {
        return refuse("has no valid host and port");
    }
    // An emulator of API Gateway has a path in front of everything; no client looks for well-known documents there.
    let emulated = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    // The parser drops a fragment.
    if (parsed.path() != "/" && !emulated) || url.contains(['?', '#']) {
        return refuse("has something behind the host");
    }
    Ok(url.strip_suffix('/').unwrap_or(url).to_owned())
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

fn positive(name: &'static str, default: usize) -> Result<usize, ConfigError> {
    variable(name).map_or(Ok(default), |value| {
        value.parse::<usize>().ok().filter(|number| *number > 0).ok_or_else(|| ConfigError {
            variable: name,
            problem: format!("{value:?} is not valid: expected a whole number, at least 1"),
        })
    })
}

fn milliseconds(name: &'static str, default: u64) -> Result<Duration, ConfigError> {
    parsed(name, default).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin() {
        for (url, origin_of) in [
            ("https://mem0.example", "https://mem0.example"),
            ("https://mem0.example/", "https://mem0.example"),
            ("http://127.0.0.1:13370", "http://127.0.0.1:13370"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("http://127.0.0.1:4566/_aws/execute-api/a1", "http://127.0.0.1:4566/_aws/execute-api/a1"),
        ] {
            assert_eq!(origin(url).as_deref(), Ok(origin_of));
        }
        for url in [
            "mem0.example",
            "ftp://mem0.example",
            "https://",
            "https:///base",
            "https://mem0.example/base",
            "https://mem0.example//",
            "https://mem0.example?x=1",
            "https://mem0.example/?",
            "https://mem0.example#top",
            "https://mem0.example:99999",
            "https://mem0.example:",
            "https://u:hunter2@mem0.example",
            "https://u:hunter2@mem0.example?x=1",
            "https://mem0 .example",
        ] {
            let problem = origin(url).unwrap_err();
            assert!(
                problem.contains("like https://mem0.example") && !problem.contains("hunter2"),
                "{problem}"
            );
        }
    }
}
