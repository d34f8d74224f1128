//! The packaged functions and their sizes.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::bootstrap::Version;
use crate::progress;

/// One packaged function. As JSON it is one element of the array on standard output.
#[derive(Debug, Serialize)]
pub(crate) struct Packaged {
    pub(crate) name: String,
    pub(crate) profile: String,
    pub(crate) target: &'static str,
    pub(crate) bootstrap: PathBuf,
    pub(crate) zip: PathBuf,
    pub(crate) bootstrap_bytes: u64,
    pub(crate) zip_bytes: u64,
    /// In hexadecimal. AWS shows the same digest in base64 as `CodeSha256`.
    pub(crate) zip_sha256: String,
    /// The newest glibc it needs, such as `2.34`; null when linked statically.
    pub(crate) glibc: Option<Version>,
    /// The duration of the build, which functions share unless the profile is release.
    pub(crate) build_seconds: f64,
}

/// Prints a table for people to standard error.
pub(crate) fn table(packaged: &[Packaged]) {
    progress(format_args!("{:<12} {:>12} {:>12}  {:<6} zip", "function", "raw bytes", "zip bytes", "glibc"));
    for function in packaged {
        progress(format_args!(
            "{:<12} {:>12} {:>12}  {:<6} {}",
            function.name,
            function.bootstrap_bytes,
            function.zip_bytes,
            function.glibc.map_or_else(|| "static".into(), |version| version.to_string()),
            function.zip.display(),
        ));
    }
}

/// Prints JSON for programs to standard output.
pub(crate) fn json(packaged: &[Packaged]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut stdout, packaged)?;
    std::io::Write::write_all(&mut stdout, b"\n")?;
    Ok(())
}
