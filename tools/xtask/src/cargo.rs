//! Runs cargo and similar programs from a program that cargo itself started.

use std::{
    env,
    ffi::OsStr,
    io,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// Returns a command without the variables that `cargo run` adds to its child's environment. Left in,
/// they would look like changed inputs to build scripts that watch them (ring's does), and each tool
/// would rebuild what the other built.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    // Standard output is for JSON; a child's output is progress.
    command.stdin(Stdio::null()).stdout(Stdio::from(io::stderr()));
    command
}

/// Runs a command to its end.
///
/// # Errors
/// If it cannot be started or fails; `what` says what was being done.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| start_error(command, what))?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

/// Runs a command and returns its standard output. Its standard error is shown as it arrives.
///
/// # Errors
/// As [`run`].
pub(crate) fn read(command: &mut Command, what: &str) -> Result<String> {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| start_error(command, what))?;
    if !output.status.success() {
        bail!("{what} failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{what} printed something that is not UTF-8"))
}

fn start_error(command: &Command, what: &str) -> String {
    format!("{what}: cannot start {}", command.get_program().to_string_lossy())
}
