//! Paths in the checkout.

use std::path::{Path, PathBuf};

/// The directory of `serverless.yml`.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// The directory in which `cargo xtask package` puts the zips of a profile.
#[must_use]
pub fn artifacts(profile: &str) -> PathBuf {
    match profile {
        "release" => root().join("target/lambda"),
        other => root().join(format!("target/lambda-{other}")),
    }
}
