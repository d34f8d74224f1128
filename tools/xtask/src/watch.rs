//! `cargo xtask watch <function>`: runs one function behind cargo-lambda's own Runtime API and function URL.
//!
//! Everything else is as if it were started by hand: the database is the one that `MEM0_DATABASE_URL` names, or else
//! that of `make up`, which must be running.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;

use anyhow::{Context as _, Result};

use crate::package::target;
use crate::package::tool::{CargoLambda, Compiler};
use crate::progress;
use crate::workspace::Workspace;

/// Options of `cargo xtask watch`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which one.
    #[arg(value_name = "FUNCTION")]
    function: String,
    /// Where it is called.
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// postgres://user:password@host:port/database; that of `make up`, if not given.
    #[arg(long, env = "MEM0_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database: Option<String>,
}

/// Runs the task; returns only when it fails.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let [function] = &workspace.select(std::slice::from_ref(&args.function))?[..] else {
        anyhow::bail!("name one function");
    };
    let database = match &args.database {
        Some(url) => url.clone(),
        None => embedded(&workspace)?,
    };
    let url = format!("http://127.0.0.1:{}/lambda-url/{}", args.port, function.name);
    progress(format_args!("{} at {url}; events as `cargo lambda invoke` sends them, too", function.name));
    let mut command = CargoLambda::obtain(Compiler::Cargo)?.watch();
    command.current_dir(&workspace.root).env("MEM0_DATABASE_URL", database).env("MEM0_PUBLIC_URL", url);
    command.args(["--invoke-address", "127.0.0.1", "--invoke-port", &args.port.to_string()]);
    command.args(["--package", &function.package, "--bin", &function.name]);
    // For the same target as packaging, so that nothing is built twice.
    if cfg!(target_os = "linux") {
        command.args(["--target", target::choose(cfg!(target_arch = "aarch64"))?]);
    }
    // Replaces this process, so that an interruption reaches it.
    Err(command.stderr(io::stderr()).exec()).context("cannot start cargo-lambda")
}

/// Returns the URL of the database of `make up`.
fn embedded(workspace: &Workspace) -> Result<String> {
    let file = workspace.root.join(".local/database-url");
    let url = fs::read_to_string(&file).with_context(|| {
        let file = file.display();
        format!("there is no {file}: run `make up` in another terminal, or set MEM0_DATABASE_URL")
    })?;
    Ok(url.trim().to_owned())
}
