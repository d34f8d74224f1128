//! Runs cargo from a test.

use std::path::Path;
use std::process::Command;

/// To be completed; in the workspace's directory.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    // What cargo tells the program that it runs would look like a change to build scripts that watch it.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
    command
}
