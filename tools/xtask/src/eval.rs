//! `cargo xtask eval`: builds `tools/eval` and replaces itself with it.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;
use crate::{bench, cargo};

/// Options of `cargo xtask eval`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to evaluate, and that evaluation's options; `cargo xtask eval help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "EVALUATION")]
    arguments: Vec<String>,
}

/// Runs the task; returns only when it fails.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    // Figures are the same in every profile; only the time differs.
    let mut command = cargo::command(bench::build(&workspace, "eval", "quick")?);
    // In the caller's directory, so that a relative path to the data means the same there.
    command.arg("--directory").arg(workspace.root.join(".local/eval")).args(&args.arguments);
    // Replaces this process, so that an interruption reaches the evaluation and is waited for.
    let error = command.stdout(Stdio::inherit()).stderr(io::stderr()).exec();
    Err(error).context("cannot start the evaluation")
}
