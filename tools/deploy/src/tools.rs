//! Third-party programs, each installed on first use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::installation::installed;
use crate::run::quietly;
use crate::workspace::root;

/// The policy checker, from crates.io, which is its only package; its content cannot be pinned.
const CFN_GUARD: &str = "3.2.1";

/// Resolves names below `localhost` as RFC 6761 requires, which glibc leaves to a plugin that most machines lack. S3
/// buckets of the emulator have such names.
const LOCALHOST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/osls/localhost.cjs");

/// Returns the command `osls`, without arguments, in the directory of `serverless.yml`.
pub(crate) fn osls() -> Result<Command> {
    if Command::new("npm").arg("--version").output().is_err() {
        bail!("npm is missing, install Node.js 20.19 or later");
    }
    let home = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/osls"));
    let pins = fs::read_to_string(home.join("package-lock.json"))?;
    let directory = installed("osls", &pins, "installing osls from npm (about 100 MB, once)", |directory| {
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(home.join(file), directory.join(file))?;
        }
        quietly(Command::new("npm").args(["ci", "--loglevel=error"]).current_dir(directory)).map(drop)
    })?;
    let mut osls = Command::new(directory.join("node_modules/.bin/osls"));
    osls.current_dir(root()).env("SLS_TELEMETRY_DISABLED", "1").env("SLS_NOTIFICATIONS_MODE", "off");
    // It warns about the future end of support for Node.js 20.
    osls.env("NODE_OPTIONS", format!("--no-warnings --require {LOCALHOST}"));
    Ok(osls)
}

/// `cfn-lint`.
pub(crate) fn cfn_lint() -> Result<PathBuf> {
    Ok(venv("cfn-lint", include_str!("../requirements/cfn-lint.txt"), 230)?.join("bin/cfn-lint"))
}

/// `checkov`.
pub(crate) fn checkov() -> Result<PathBuf> {
    Ok(venv("checkov", include_str!("../requirements/checkov.txt"), 290)?.join("bin/checkov"))
}

/// The emulator of AWS.
pub(crate) fn ministack() -> Result<PathBuf> {
    Ok(venv("ministack", include_str!("../requirements/ministack.txt"), 90)?.join("bin/ministack"))
}

/// `cfn-guard`.
pub(crate) fn cfn_guard() -> Result<PathBuf> {
    let announcement = "building cfn-guard from crates.io (a few minutes, once)";
    let directory = installed("cfn-guard", CFN_GUARD, announcement, |directory| {
        let mut cargo = Command::new("cargo");
        cargo.args(["install", "--locked", "--quiet", "cfn-guard", "--version", CFN_GUARD, "--root"]);
        // Neither in the project's target directory nor with its settings.
        cargo.arg(directory).current_dir(directory).env("CARGO_TARGET_DIR", directory.join("build"));
        quietly(&mut cargo)?;
        fs::remove_dir_all(directory.join("build")).context("cannot remove what cfn-guard was built from")
    })?;
    Ok(directory.join("bin/cfn-guard"))
}

/// Creates a virtual environment with what `requirements` lists.
fn venv(name: &str, requirements: &str, megabytes: u32) -> Result<PathBuf> {
    let announcement = format!("installing {name} from PyPI (about {megabytes} MB, once)");
    installed(&format!("venv-{name}"), requirements, &announcement, |directory| {
        quietly(Command::new("python3").args(["-m", "venv"]).arg(directory))?;
        let pins = directory.join("requirements.txt");
        fs::write(&pins, requirements)?;
        let mut pip = Command::new(directory.join("bin/python"));
        pip.args(["-m", "pip", "install", "--require-hashes", "--no-input", "--quiet"]);
        pip.args(["--disable-pip-version-check", "--progress-bar=off", "--requirement"]).arg(pins);
        quietly(&mut pip).map(drop)
    })
}
