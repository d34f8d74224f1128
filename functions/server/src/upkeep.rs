//! Work that nobody asked for, while the server runs.

use std::sync::Arc;
use std::time::Duration;

use shared::access::Gate;
use shared::embedding::Embedder;
use shared::memory::{self, Backlog};
use tokio::time::interval;

use crate::Platform;

/// How often scopes are moved between exact and approximate search.
const RETIER_INTERVAL: Duration = Duration::from_secs(60);

/// How often it is looked whether vectors are to be made.
const BACKLOG_INTERVAL: Duration = Duration::from_secs(5);

/// Starts it; it ends with the process.
pub(crate) fn start(platform: &Platform) {
    tokio::spawn(retier(platform.gate.clone()));
    tokio::spawn(embed(platform.gate.clone(), Arc::clone(&platform.embedder)));
}

async fn retier(gate: Gate) {
    let mut every = interval(RETIER_INTERVAL);
    loop {
        every.tick().await;
        match memory::retier_scopes(&gate).await {
            Ok(0) => {}
            Ok(changed) => tracing::info!(changed, "scopes changed their search tier"),
            Err(error) => tracing::warn!(%error, "search tiers could not be reviewed"),
        }
    }
}

async fn embed(gate: Gate, embedder: Arc<dyn Embedder>) {
    let mut every = interval(BACKLOG_INTERVAL);
    loop {
        every.tick().await;
        loop {
            match Backlog::step(&gate, &*embedder).await {
                Ok(Backlog { claimed: 0, .. }) => break,
                Ok(step) => {
                    let Backlog { claimed, embedded, rejected, away } = step;
                    tracing::info!(
                        claimed,
                        embedded,
                        rejected,
                        away,
                        "vectors were made for stored memories"
                    );
                    if away {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "vectors could not be made for stored memories");
                    break;
                }
            }
        }
    }
}
