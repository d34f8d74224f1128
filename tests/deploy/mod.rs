//! The deployment fits the code: compares `serverless.yml` and `infra/aws` with the functions' own lists of routes,
//! jobs and resources. `stack` tests the stack itself; `make check-deploy` runs the third-party checkers.

mod checks;
mod protection;
mod routes;
mod schedules;
mod settings;
mod sizes;
mod stack;

use std::path::{Path, PathBuf};

/// `infra/aws`.
fn infra() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/aws")
}
