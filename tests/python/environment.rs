//! Virtual environments with other people's clients.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Written last: an environment without it is half made.
const COMPLETE: &str = "complete";

/// The interpreter of an environment that has what the file `requirements` lists, made now if there is none; `what` says
/// what is being installed.
pub(crate) fn python(name: &str, requirements: &str, what: &str) -> PathBuf {
    let cache = cache();
    fs::create_dir_all(&cache).unwrap();
    let mut hasher = DefaultHasher::new();
    fs::read_to_string(requirements).unwrap().hash(&mut hasher);
    let name = format!("venv-{name}-{:016x}", hasher.finish());
    let environment = cache.join(&name);
    let interpreter = environment.join("bin/python");
    if environment.join(COMPLETE).exists() {
        return interpreter;
    }
    // Held until the end of this function: one process at a time makes it.
    let lock = File::create(cache.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if !environment.join(COMPLETE).exists() {
        eprintln!("installing {what}");
        make(&environment, &interpreter, requirements);
        fs::write(environment.join(COMPLETE), "").unwrap();
    }
    interpreter
}

fn make(environment: &Path, interpreter: &Path, requirements: &str) {
    if environment.exists() {
        fs::remove_dir_all(environment).unwrap();
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(environment));
    run(Command::new(interpreter)
        .args(["-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "--no-input"])
        .args([
            "--disable-pip-version-check",
            "--progress-bar=off",
            "--quiet",
            "--requirement",
            requirements,
        ]));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// `${XDG_CACHE_HOME:-$HOME/.cache}/mem0-enterprise`, as for the embedded PostgreSQL.
fn cache() -> PathBuf {
    let variable = |name| shared::config::variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    cache.expect("HOME is set").join("mem0-enterprise")
}

/// A directory that goes with the test.
pub(super) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}
