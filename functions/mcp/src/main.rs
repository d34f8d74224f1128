//! Lambda entry point.

use mcp::State;
use shared::lambda::{self, InitError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, public) = lambda::gate().await?;
    let state = State::new(lambda::memories(&gate)?, &public);
    lambda::run(mcp::router(state), gate).await
}
