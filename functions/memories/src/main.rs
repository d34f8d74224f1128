//! Lambda entry point.

use memories::State;
use shared::lambda::{self, InitError};
use shared::memory::Memories;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, _) = lambda::gate().await?;
    let clock = gate.clock.clone();
    let health = shared::http::health().into_router(gate.clone());
    let memories = memories::router(State::new(Memories::in_process(gate)));
    lambda::run(health.merge(memories), clock).await
}
