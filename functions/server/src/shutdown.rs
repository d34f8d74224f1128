//! Stopping on request: Ctrl-C, or SIGTERM from an orchestrator.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves when the process is asked to stop.
pub(crate) async fn requested() {
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(interrupt.await),
    }
}
