//! Tools from package registries: pinned by version and content, installed into the cache directory once for each
//! content of the file that pins them.

use std::env;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::say;

/// Written last: an installation without it is incomplete.
const COMPLETE: &str = "complete";

/// Returns the directory of an installation, creating it if needed. `pins` determines what it contains.
pub(crate) fn installed(
    name: &str,
    pins: &str,
    announcement: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let cache = cache()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let mut hasher = DefaultHasher::new();
    pins.hash(&mut hasher);
    let name = format!("{name}-{:016x}", hasher.finish());
    let directory = cache.join(&name);
    if directory.join(COMPLETE).exists() {
        return Ok(directory);
    }
    // Held until the end of this function: only one process at a time installs it.
    let lock = File::create(cache.join(format!("{name}.lock"))).context("cannot create a lock")?;
    lock.lock().context("cannot wait for another installation")?;
    if !directory.join(COMPLETE).exists() {
        say(format_args!("{announcement}"));
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&directory)?;
        make(&directory)?;
        fs::write(directory.join(COMPLETE), "")?;
    }
    Ok(directory)
}

/// `${XDG_CACHE_HOME:-$HOME/.cache}/mem0-enterprise`, as for the embedded PostgreSQL.
#[expect(clippy::disallowed_methods, reason = "where users keep caches is not a setting of the product")]
fn cache() -> Result<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    Ok(base.context("set HOME or XDG_CACHE_HOME: there is nowhere to keep tools")?.join("mem0-enterprise"))
}
