//! Lambda entry point.

use memories::State;
use shared::lambda::{self, InitError};
use shared::memory::Memories;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, _) = lambda::gate().await?;
    let state = State::new(Memories::in_process(gate.clone()));
    lambda::run(memories::router(state), gate).await
}
