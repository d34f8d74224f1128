//! Running programs that must succeed.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// What it printed; what it said when it failed.
pub(crate) fn quietly(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy);
    if !output.status.success() {
        bail!("{:?}: {}\n{}{}", command.get_program(), output.status, said[0], said[1]);
    }
    Ok(said[0].clone().into_owned())
}

/// With its output for whoever is watching.
pub(crate) fn openly(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{:?}: {status}", command.get_program());
    }
    Ok(())
}
