//! The machine a function is built for, and whether this one can build for it.

use std::path::Path;

use anyhow::{Result, bail};

use crate::cargo;

/// Lambda's two architectures.
pub(crate) const X86_64: &str = "x86_64-unknown-linux-gnu";
pub(crate) const ARM64: &str = "aarch64-unknown-linux-gnu";

/// Returns the Rust target to build for.
///
/// # Errors
/// If the Rust toolchain has no standard library for it.
pub(crate) fn choose(arm64: bool) -> Result<&'static str> {
    let target = if arm64 { ARM64 } else { X86_64 };
    let library = cargo::read(
        cargo::command("rustc").args(["--print", "target-libdir", "--target", target]),
        "asking rustc for its libraries",
    )?;
    if !Path::new(library.trim()).is_dir() {
        bail!(
            "the Rust standard library for {target} is not installed; add it with `rustup target add {target}`, \
             or build on a machine of that architecture"
        );
    }
    Ok(target)
}

/// Returns whether the target has another architecture than this machine, whose C compiler
/// and linker do not suffice then.
pub(crate) fn is_foreign(target: &str) -> bool {
    !target.starts_with(std::env::consts::ARCH)
}
