//! The zips that would be deployed.
//!
//! `scripts/test` packages before it runs the tests and passes the path, because a build shows its own progress and
//! has no time limit. Without it (`cargo test`, a single test, an editor) the first test packages and the others wait.
//! The profile is `dev`, whose third-party crates stay built; benchmarks cover the release profile.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use zip::ZipArchive;

use crate::cargo::cargo;

/// Where `scripts/test` has put the packages.
const PACKAGED: &str = "MEM0_TEST_PACKAGES";

static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(ensure);

/// Where the zips are.
pub(crate) fn directory() -> &'static Path {
    &DIRECTORY
}

/// Unpacks a function as Lambda would, into a directory of its own, and returns its `bootstrap`.
pub(super) fn unpack(function: &str, tasks: &Path) -> PathBuf {
    let path = DIRECTORY.join(format!("{function}.zip"));
    let zip = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let task = tasks.join(function);
    ZipArchive::new(zip).unwrap().extract(&task).unwrap();
    task.join("bootstrap")
}

fn ensure() -> PathBuf {
    match variable(PACKAGED) {
        Some(directory) => directory.into(),
        None => package(),
    }
}

/// Packages once for each run of nextest, which gives every test a process, or for each process of `cargo test`.
fn package() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let directory = root.join("target/lambda-dev");
    fs::create_dir_all(&directory).unwrap();
    let lock = File::create(directory.join("tests.lock")).unwrap();
    lock.lock().unwrap();
    let stamp = directory.join("tests.run");
    let run = variable("NEXTEST_RUN_ID").unwrap_or_else(|| std::process::id().to_string());
    if fs::read_to_string(&stamp).is_ok_and(|packaged_by| packaged_by == run) {
        return directory;
    }
    let mut cargo = cargo();
    cargo.args(["run", "--locked", "--quiet", "--package", "xtask", "--", "package", "--profile", "dev"]);
    let status = cargo.status().unwrap();
    assert!(status.success(), "cargo xtask package: {status}");
    fs::write(stamp, run).unwrap();
    directory
}

fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "what started this test, no setting of the product")]
    env::var(name).ok()
}
