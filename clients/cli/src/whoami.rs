//! `mem0 whoami`: which installation AI tools use from here, and as which account.

use anyhow::Result;
use serde_json::Value;

use crate::bridge;
use crate::config::{Config, LOCAL};

/// Options of `mem0 whoami`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The installation's URL; MEM0_URL or the login's, if not given.
    #[arg(long)]
    url: Option<String>,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Asks the server, and prints what it answers to standard output.
pub(crate) fn run(args: &Args) -> Result<()> {
    let config = Config::read(args.url.as_deref())?;
    let installation = config.endpoint.to_string();
    let installation = installation.trim_end_matches("/mcp");
    let source = match (config.credential.is_some(), config.renewable) {
        (true, true) => "the login of mem0 login",
        (true, false) => "MEM0_API_KEY",
        (false, _) if !config.named && installation == LOCAL => anyhow::bail!(crate::config::UNCONFIGURED),
        (false, _) => {
            anyhow::bail!("nobody is signed in to {installation}: run mem0 login --url {installation}")
        }
    };
    let told = bridge::call(config, "whoami")?;
    if args.json {
        return crate::print(&told.to_string());
    }
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    let may: Vec<&str> = told["may"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    crate::print(&format!("installation  {installation}"))?;
    // A service account has no address.
    let email = told["email"].as_str().map(|email| format!(" <{email}>")).unwrap_or_default();
    crate::print(&format!("account       {}{email}", text("name")))?;
    crate::print(&format!("enterprise    {}", text("enterprise_name")))?;
    crate::print(&format!("credential    {source}"))?;
    crate::print(&format!("may           {}", may.join(", ")))
}
