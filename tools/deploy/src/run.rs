//! Runs programs that must succeed.

use std::fs::{self, File};
use std::io::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::workspace::root;

/// Runs a command and returns its output; the error contains the output too.
pub(crate) fn quietly(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy);
    if !output.status.success() {
        bail!("{:?}: {}\n{}{}", command.get_program(), output.status, said[0], said[1]);
    }
    Ok(said[0].clone().into_owned())
}

/// Like [`quietly`], with input.
pub(crate) fn quietly_given(command: &mut Command, input: &[u8]) -> Result<String> {
    let (reader, mut writer) = std::io::pipe().context("cannot make a pipe")?;
    // On another thread, because a pipe may hold less than the input.
    std::thread::scope(|scope| {
        scope.spawn(move || writer.write_all(input));
        quietly(command.stdin(reader))
    })
}

/// Like [`quietly`], for osls, which keeps its state in the project's `.serverless`: only
/// one process at a time may run it.
pub(crate) fn alone(osls: &mut Command) -> Result<String> {
    let place = root().join("target/deploy");
    fs::create_dir_all(&place).with_context(|| format!("cannot create {}", place.display()))?;
    // Beside the directory, which the checks remove at their start.
    let lock = File::create(place.with_extension("lock")).context("cannot create a lock")?;
    lock.lock().context("cannot wait for another osls")?;
    quietly(osls)
}

/// Runs a command with its output shown.
pub(crate) fn openly(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{:?}: {status}", command.get_program());
    }
    Ok(())
}
