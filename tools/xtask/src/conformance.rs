//! `cargo xtask conformance`: runs the official MCP conformance suite against a server built with the suite's tools.
//!
//! The run itself is a test binary of `tests/`, because it needs what the end-to-end tests need: its
//! own database, with people in it.

use std::process::Stdio;

use anyhow::Result;

use crate::cargo;

/// Nothing to choose: what is run is pinned.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<()> {
    let mut command = cargo::command("cargo");
    command.args(["test", "--quiet", "--locked", "--package", "tests", "--features", "conformance"]);
    command.args(["--test", "conformance"]).stdout(Stdio::inherit());
    cargo::run(&mut command, "conformance")
}
