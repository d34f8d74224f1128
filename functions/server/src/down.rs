//! `server down`, which `make down` runs.

use anyhow::Result;

use crate::{embedded, say};

/// Stops the embedded PostgreSQL; its data stays.
pub async fn run() -> Result<()> {
    let directory = embedded::directory();
    if embedded::stop(&directory).await? {
        say("PostgreSQL stopped; the data stays in .local, `make up` brings it back");
    } else {
        say("PostgreSQL was not running");
    }
    Ok(())
}
