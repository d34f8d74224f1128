//! Installs FastMCP from PyPI, pinned by version and content (`fastmcp.txt` beside this file), in a virtual
//! environment in the cache directory, once for each content of that file.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use shared::config::variable;

use measuring::report::say;

const PINS: &str = include_str!("fastmcp.txt");
/// Written last: an environment without it is incomplete.
const COMPLETE: &str = "complete";

/// Returns the interpreter that has FastMCP.
pub(super) fn python() -> Result<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let cache = cache
        .context("set HOME or XDG_CACHE_HOME: there is nowhere to keep FastMCP")?
        .join("mem0-enterprise");
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let mut hasher = DefaultHasher::new();
    PINS.hash(&mut hasher);
    let name = format!("venv-fastmcp-{:016x}", hasher.finish());
    let (directory, lock) = (cache.join(&name), File::create(cache.join(format!("{name}.lock")))?);
    // Held until the end of this function: only one process at a time installs it.
    lock.lock()?;
    if !directory.join(COMPLETE).exists() {
        say("installing FastMCP from PyPI (about 150 MB, once)");
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        make(&directory)
            .context("FastMCP comes from PyPI: Python 3.10 or newer with venv and pip is needed")?;
        fs::write(directory.join(COMPLETE), "")?;
    }
    Ok(directory.join("bin/python"))
}

fn make(directory: &Path) -> Result<()> {
    run(Command::new("python3").args(["-m", "venv"]).arg(directory))?;
    let pins = directory.join("requirements.txt");
    fs::write(&pins, PINS)?;
    let mut pip = Command::new(directory.join("bin/python"));
    pip.args(["-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "--no-input", "--quiet"]);
    pip.args(["--disable-pip-version-check", "--progress-bar=off", "--requirement"]).arg(pins);
    run(&mut pip)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
