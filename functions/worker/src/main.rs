//! Lambda entry point.

use lambda_http::lambda_runtime;
use shared::lambda::{self, InitError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let worker = lambda::worker().await?;
    lambda_runtime::run(lambda_runtime::service_fn(async |event| worker::answer(&worker, event).await)).await
}
