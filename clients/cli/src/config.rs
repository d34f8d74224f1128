//! The server and the credential: from the environment first, then from the login file.
//!
//! - `MEM0_URL`: the installation's public URL.
//! - `MEM0_API_KEY`: an API key or access token.
//! - the login file, `${XDG_CONFIG_HOME:-~/.config}/mem0/login.json`, written by `mem0 login`, or by hand as
//!   `{"url": "…", "token": "…"}`, both optional. Its token is sent only to that URL (or, without one, to an
//!   installation on this machine), whatever the environment says.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use http::Uri;
use secrecy::SecretString;

use crate::login::file::Login;

/// The address of an installation on this machine.
pub(crate) const LOCAL: &str = "http://127.0.0.1:13370";

/// What to do if nothing says which installation to use.
pub(crate) const UNCONFIGURED: &str =
    "no installation is configured; run mem0 login --url https://<your installation>";

/// The configuration of the bridge.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The URL of the endpoint: `https://mem0.example/mcp`.
    pub(crate) endpoint: Uri,
    /// Whether anything names the installation; otherwise it is assumed to run on this machine.
    pub(crate) named: bool,
    /// `None` if nobody is logged in: the server then reports it.
    pub(crate) credential: Option<SecretString>,
    /// Whether a login for this endpoint may replace it when it is refused; a credential from
    /// the environment is not renewed.
    pub(crate) renewable: bool,
}

impl Config {
    /// Reads the environment and the login file; `url` takes precedence over both.
    pub(crate) fn read(url: Option<&str>) -> Result<Self> {
        let (url, origin) = match url {
            Some(url) => (Some(url.to_owned()), "--url"),
            None => (variable("MEM0_URL"), "MEM0_URL"),
        };
        let given = variable("MEM0_API_KEY");
        // With both given, no login is needed, not even a readable one.
        let login = if url.is_some() && given.is_some() { Login::default() } else { Login::read()? };
        let named = url.is_some() || login.url.is_some();
        let endpoint = match &url {
            Some(url) => endpoint(url).context(origin)?,
            None => endpoint(login.server())?,
        };
        let renewable = given.is_none();
        let credential = match given {
            Some(given) => Some(given),
            None => login.token_for(&endpoint).unwrap_or_else(|elsewhere| {
                crate::say(&format!("{elsewhere:#}"));
                None
            }),
        };
        Ok(Self { endpoint, named, credential: credential.map(SecretString::from), renewable })
    }
}

/// Returns an installation's URL without `/mcp`.
pub(crate) fn base(url: &str) -> Result<String> {
    endpoint(url)?;
    Ok(url.trim_end_matches('/').trim_end_matches("/mcp").to_owned())
}

/// Returns the endpoint of an installation. Plain HTTP is allowed only to this machine, because
/// it would expose the credential.
pub(crate) fn endpoint(url: &str) -> Result<Uri> {
    let base = url.trim_end_matches('/').trim_end_matches("/mcp");
    if !base.contains("://") && base.contains('.') {
        bail!("{url:?} is not a URL: write https://{base}");
    }
    let parsed = format!("{base}/mcp").parse::<Uri>().ok().filter(|uri| uri.scheme().is_some());
    let Some(endpoint) = parsed else { bail!("{url:?} is not a URL like https://mem0.example") };
    let host = endpoint.host().with_context(|| format!("{url:?} names no host"))?;
    // What follows the host is a port, which the parser does not read.
    let authority = endpoint.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        bail!("{url:?} has a name before its host, where none belongs");
    }
    if authority.ends_with(':')
        || authority.len() > host.len() && endpoint.port_u16().is_none_or(|port| port == 0)
    {
        bail!("{url:?} has no port from 1 to 65535 after its host");
    }
    let local = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    match endpoint.scheme_str() {
        Some("https") => Ok(endpoint),
        Some("http") if local => Ok(endpoint),
        Some("http") => bail!("{url:?} would send the credential unencrypted, use https"),
        _ => bail!("{url:?} is not an http or https URL"),
    }
}

/// `${XDG_CONFIG_HOME:-~/.config}`
pub(crate) fn config_home() -> Option<PathBuf> {
    let given = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| home().map(|home| home.join(".config")))
}

/// Returns the person's home directory.
pub(crate) fn home() -> Option<PathBuf> {
    variable("HOME").or_else(|| variable("USERPROFILE")).map(PathBuf::from)
}

/// Returns a variable's value; set but empty counts as not set.
#[allow(clippy::disallowed_methods, reason = "the one home of environment variables here")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_never_sent_in_the_clear_to_another_machine() {
        for (url, expected) in [
            ("https://mem0.example", "https://mem0.example/mcp"),
            ("https://mem0.example/mcp/", "https://mem0.example/mcp"),
            ("https://example.com/mem0", "https://example.com/mem0/mcp"),
            ("http://127.0.0.1:13370", "http://127.0.0.1:13370/mcp"),
            ("http://localhost:1/", "http://localhost:1/mcp"),
        ] {
            assert_eq!(endpoint(url).unwrap().to_string(), expected);
        }
        let bare = endpoint("mem0.example").unwrap_err().to_string();
        assert!(bare.ends_with("write https://mem0.example"), "{bare}");
        for url in [
            "http://mem0.example",
            "http://127.0.0.1.evil.example",
            "ftp://x",
            "mem0.example",
            "",
            "https://",
            "https://mem0.example:99999",
            "https://ann@mem0.example",
            "https://mem0.example:0",
            "https://mem0.example:",
            "garbage",
        ] {
            assert!(endpoint(url).is_err(), "{url}");
        }
    }
}
