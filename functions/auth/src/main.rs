//! Lambda entry point.

use shared::lambda::{self, InitError};
use shared::{access::Gate, http};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), InitError> {
    let (gate, _) = lambda::gate().await?;
    let clock = gate.clock.clone();
    let health = http::health::<Gate>().into_router(gate.clone());
    let router = auth::router(auth::State::new(gate)).merge(health);
    lambda::run(router, clock).await
}
