//! Lambda entry point.

use lambda_http::lambda_runtime;
use shared::lambda::{self, InitError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let worker = lambda::worker().await?;
    let answer = lambda_runtime::service_fn(async |event| worker::answer(&worker, event).await);
    lambda::until_terminated(lambda_runtime::run(answer)).await
}
