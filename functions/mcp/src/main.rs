//! Lambda entry point.

use shared::http;
use shared::lambda::{self, InitError};
use shared::memory::Memories;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, public) = lambda::gate().await?;
    let clock = gate.clock.clone();
    let state = mcp::State::new(Memories::in_process(gate.clone()), &public);
    let router = http::health().into_router(gate).merge(mcp::router(state));
    lambda::run(router, clock).await
}
