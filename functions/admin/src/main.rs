//! Lambda entry point.

use admin::State;
use shared::lambda::{self, First, InitError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, _) = lambda::gate(First::Call).await?;
    lambda::run(admin::router(State::new(gate.clone())), gate).await
}
