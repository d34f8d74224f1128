//! The deployment fits the code: compares `serverless.yml` and `infra/aws` with the functions' own lists of routes,
//! jobs and resources. `stack` tests the stack itself; `make check-deploy` runs the third-party checkers.

mod checks;
mod edge;
mod protection;
mod rollback;
mod routes;
mod schedules;
mod settings;
mod sizes;
mod stack;

use std::path::{Path, PathBuf};
use std::process::Command;

/// `infra/aws`.
fn infra() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/aws")
}

/// What a script says that is given a file of `infra/aws` and further arguments.
fn node(script: &str, file: &str, arguments: &[&str]) -> String {
    let mut node = Command::new("node");
    let output = node.args(["-e", script]).arg(infra().join(file)).args(arguments).output().unwrap();
    let [said, errors] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{file}: {errors}");
    said.trim().to_owned()
}
