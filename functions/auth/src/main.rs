//! Lambda entry point.

use auth::State;
use shared::lambda::{self, InitError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, public) = lambda::gate().await?;
    lambda::run(auth::router(State::new(gate.clone(), &public)), gate).await
}
