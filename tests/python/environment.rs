//! Virtual environments with third-party clients.

use std::path::PathBuf;
use std::process::Command;

use crate::installation::{installed, run};

/// The interpreter of an environment that has what the file `requirements` lists, made now if there is none; `what` says
/// what is being installed.
pub(crate) fn python(name: &str, requirements: &str, what: &str) -> PathBuf {
    let announcement = format!("installing {what}");
    let environment = installed(&format!("venv-{name}"), requirements, &announcement, |environment| {
        run(Command::new("python3").args(["-m", "venv"]).arg(environment));
        run(Command::new(environment.join("bin/python"))
            .args(["-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "--no-input"])
            .args(["--disable-pip-version-check", "--progress-bar=off", "--quiet", "--requirement"])
            .arg(requirements));
    });
    environment.join("bin/python")
}
