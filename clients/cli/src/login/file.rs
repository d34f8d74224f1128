//! The login file: `${XDG_CONFIG_HOME:-~/.config}/mem0/login.json`.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use http::Uri;
use serde::{Deserialize, Serialize};

use super::server::Tokens;
use crate::config;
use crate::replace::{Reader, replace};

/// The content of the login file. No `Debug`: it holds secrets. It can be written by hand with only a URL and a token.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Login {
    /// The installation's URL.
    pub(crate) url: Option<String>,
    /// An access token, or an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// The token that obtains the next access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
}

impl Login {
    pub(super) fn new(url: &str, tokens: Tokens) -> Self {
        Self {
            url: Some(url.to_owned()),
            token: Some(tokens.access_token),
            refresh_token: tokens.refresh_token,
        }
    }

    /// Returns the installation that the login is for.
    pub(crate) fn server(&self) -> &str {
        self.url.as_deref().unwrap_or(config::LOCAL)
    }

    /// Returns the token, if there is one. Fails if it belongs to another installation than this
    /// endpoint's, which must not see it.
    pub(crate) fn token_for(&self, endpoint: &Uri) -> Result<Option<String>> {
        let signed_in = self.token.is_some() || self.refresh_token.is_some();
        if signed_in && config::endpoint(self.server()).ok().as_ref() != Some(endpoint) {
            let (there, here) = (self.server(), endpoint.to_string());
            let here = here.trim_end_matches("/mcp");
            bail!("signed in to {there}, not to {here}; run mem0 login --url {here}");
        }
        Ok(self.token.clone())
    }

    /// Reads the file; returns an empty login if there is none.
    pub(crate) fn read() -> Result<Self> {
        let Some(path) = path() else { return Ok(Self::default()) };
        match fs::read(&path) {
            Ok(bytes) => {
                let read = serde_json::from_slice(&bytes);
                read.with_context(|| format!("{} is not valid; mem0 login writes it anew", path.display()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Replaces the file atomically; only its owner can read it.
    pub(super) fn write(&self) -> Result<PathBuf> {
        let path = path().context("there is no home directory to keep a credential in")?;
        let directory = path.parent().context("the login file has no directory")?;
        let failed = || format!("cannot write {}", path.display());
        private_directory(directory).with_context(failed)?;
        replace(&path, &serde_json::to_vec_pretty(self)?, Reader::Owner).with_context(failed)?;
        Ok(path)
    }

    /// Deletes the file; returns false if there was none.
    pub(super) fn remove() -> Result<bool> {
        let Some(path) = path() else { return Ok(false) };
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot delete {}", path.display())),
        }
    }
}

fn path() -> Option<PathBuf> {
    config::config_home().map(|home| home.join("mem0/login.json"))
}

#[cfg(unix)]
fn private_directory(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_directory(path: &std::path::Path) -> std::io::Result<()> {
    // On other systems, a person's profile is private already.
    fs::create_dir_all(path)
}
