//! Stopping on request: Ctrl-C, or SIGTERM from an orchestrator.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Whether the process was asked to stop. From the moment it is made, signals no longer end the process by themselves.
#[derive(Clone)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        let (asked, receiver) = watch::channel(false);
        tokio::spawn(async move {
            signalled().await;
            crate::say("stopping");
            // Nobody waits any more when it fails.
            let _ = asked.send(true);
        });
        Self(receiver)
    }

    /// Resolves when the process is asked to stop.
    pub(crate) async fn requested(mut self) {
        // It fails only with the runtime, which is stopping, too.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}

async fn signalled() {
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
