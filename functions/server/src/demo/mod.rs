//! The demo enterprise of a local installation, created through the public API, as a newcomer would create it.
//!
//! Idempotent and interruptible: every step first checks whether its result exists, and secrets that are needed again
//! are written to disk before they are used.

mod api;
mod content;
mod people;
mod secrets;
mod steps;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use axum::Router;

pub(crate) use secrets::{secret_file, write_private};

/// What a newcomer needs to use the demo.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The organization owner's login.
    pub email: String,
    /// Their password.
    pub password: String,
    /// An API key of the owner.
    pub api_key: String,
}

/// Ensures that the demo enterprise exists and is complete.
pub async fn ensure(router: &Router, directory: &Path) -> Result<Credentials> {
    fs::create_dir_all(directory).with_context(|| format!("creating {}", directory.display()))?;
    steps::run(router, directory).await
}

/// Prints how to use the demo, and writes it to `demo.env`.
pub fn announce(credentials: &Credentials, url: &str, directory: &Path) -> Result<()> {
    let Credentials { email, password, api_key } = credentials;
    let file = directory.join("demo.env");
    // Exported, so that programs started from the same shell see them too.
    let values = format!(
        "export MEM0_URL={url}\nexport MEM0_MCP_URL={url}/mcp\nexport MEM0_API_KEY={api_key}\n\
         export MEM0_DEMO_EMAIL={email}\nexport MEM0_DEMO_PASSWORD={password}\n"
    );
    secrets::write_private(&file, &values)?;
    crate::say(&format!(
        "\nmem0-enterprise is up\n\
         \n  REST      {url}\n  MCP       {url}/mcp\n  login     {email} / {password}\n  API key   {api_key}\n\
         \n  curl -s {url}/v3/memories/search/ -H 'Authorization: Token {api_key}' \\\n    \
         -H 'Content-Type: application/json' -d '{{\"query\": \"when do we deploy?\", \"scope\": \"all\", \"top_k\": 3}}'\n\
         \nAll of this is in {}. Ctrl-C stops the server.\n",
        file.display()
    ));
    Ok(())
}
