//! Lambda entry point.

use memories::State;
use shared::lambda::{self, InitError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, _) = lambda::gate().await?;
    let state = State::new(lambda::memories(&gate)?);
    lambda::run(memories::router(state), gate).await
}
