//! Lambda entry point.

use ai_enhancement::State;
use shared::lambda::{self, InitError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, _) = lambda::gate().await?;
    let state = State::new(lambda::memories(&gate)?);
    lambda::run(ai_enhancement::router(state), gate).await
}
