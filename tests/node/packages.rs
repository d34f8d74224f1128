//! The packages of `package-lock.json`, and the Node.js that runs them: the conformance suite needs 22 or later,
//! whatever the machine has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::installation::{installed, run};

const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node");

/// Whether there is npm. Where not, it is said: whoever only has what `make test` asks for still tests everything else.
/// Continuous integration must have it.
pub(crate) fn npm_is_there() -> bool {
    let there = Command::new("npm").arg("--version").output().is_ok();
    if !there {
        assert!(shared::config::variable("CI").is_none(), "npm is missing");
        eprintln!("skipped: npm is not installed");
    }
    there
}

/// The directory of `node_modules`, made now if there is none; none without npm.
pub(crate) fn packages() -> Option<PathBuf> {
    if !npm_is_there() {
        return None;
    }
    let lock = format!("{HOME}/package-lock.json");
    let announcement = "installing the MCP clients and the conformance suite from npm (about 340 MB, once)";
    Some(installed("node", &lock, announcement, |directory| {
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(Path::new(HOME).join(file), directory.join(file)).unwrap();
        }
        run(Command::new("npm").args(["ci", "--loglevel=error"]).current_dir(directory));
    }))
}

/// Their Node.js.
pub(crate) fn node(packages: &Path) -> PathBuf {
    packages.join("node_modules/node/bin/node")
}
