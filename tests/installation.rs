//! Tools that tests install from package registries: pinned by version and content, in the cache directory, installed
//! once for each content of the file that pins them.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Written last: an installation without it is half made.
const COMPLETE: &str = "complete";

/// The directory of an installation, made now if there is none. `pins` is the file that says what belongs into it.
pub(crate) fn installed(name: &str, pins: &str, announcement: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let cache = cache();
    fs::create_dir_all(&cache).unwrap();
    let mut hasher = DefaultHasher::new();
    fs::read_to_string(pins).unwrap().hash(&mut hasher);
    let name = format!("{name}-{:016x}", hasher.finish());
    let directory = cache.join(&name);
    if directory.join(COMPLETE).exists() {
        return directory;
    }
    // Held until the end of this function: one process at a time makes it.
    let lock = File::create(cache.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if !directory.join(COMPLETE).exists() {
        eprintln!("{announcement}");
        if directory.exists() {
            fs::remove_dir_all(&directory).unwrap();
        }
        fs::create_dir_all(&directory).unwrap();
        make(&directory);
        fs::write(directory.join(COMPLETE), "").unwrap();
    }
    directory
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// `${XDG_CACHE_HOME:-$HOME/.cache}/mem0-enterprise`, as for the embedded PostgreSQL.
fn cache() -> PathBuf {
    let variable = |name| shared::config::variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    cache.expect("HOME is set").join("mem0-enterprise")
}
