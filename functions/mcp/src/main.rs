//! Lambda entry point.

use mcp::State;
use shared::lambda::{self, InitError};
use shared::memory::Memories;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, public) = lambda::gate().await?;
    let state = State::new(Memories::in_process(gate.clone()), &public);
    lambda::run(mcp::router(state), gate).await
}
