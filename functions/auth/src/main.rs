//! Lambda entry point.

use auth::State;
use shared::lambda::{self, First, InitError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, public) = lambda::gate(First::Call).await?;
    lambda::run(auth::router(State::new(gate.clone(), &public)), gate).await
}
