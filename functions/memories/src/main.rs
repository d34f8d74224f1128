//! Lambda entry point.

use mimalloc::MiMalloc;
use shared::lambda::{self, First, InitError};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, _) = lambda::gate(First::Search).await?;
    let memories = lambda::memories(&gate)?;
    lambda::run(::memories::router(memories), gate).await
}
