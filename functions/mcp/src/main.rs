//! Lambda entry point.

use mcp::State;
use mimalloc::MiMalloc;
use shared::lambda::{self, First, InitError};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, public) = lambda::gate(First::Search).await?;
    let state = State::new(lambda::memories(&gate)?, &public);
    lambda::run(mcp::router(state), gate).await
}
