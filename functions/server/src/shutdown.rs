//! Stopping on request: Ctrl-C, or SIGTERM from an orchestrator.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Whether the process was asked to stop. From the moment it is made, signals no longer end the process by themselves.
#[derive(Clone)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system lets nobody listen to signals.
    pub(crate) fn listen() -> io::Result<Self> {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (asked, receiver) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            crate::say("stopping");
            // Nobody waits any more when it fails.
            let _ = asked.send(true);
        });
        Ok(Self(receiver))
    }

    /// Resolves when the process is asked to stop.
    pub(crate) async fn requested(mut self) {
        // It fails only with the runtime, which is stopping, too.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}
