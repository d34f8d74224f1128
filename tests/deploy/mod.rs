//! What is deployed fits what was built: `serverless.yml` and `infra/aws` against the functions' own lists of routes, jobs
//! and resources. The stack itself is in `stack`, and what needs other people's checkers in `make check-deploy`.

mod checks;
mod routes;
mod schedules;
mod sizes;
mod stack;

use std::path::{Path, PathBuf};

/// `infra/aws`.
fn infra() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/aws")
}
