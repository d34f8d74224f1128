//! Graceful shutdown on Ctrl-C, or on SIGTERM from an orchestrator.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Whether the process was asked to stop. Once created, signals no longer end the process by themselves.
#[derive(Clone)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Starts listening for signals.
    ///
    /// # Errors
    /// If no signal handler can be installed.
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
            // Sending fails only if nobody waits any more.
            let _ = asked.send(true);
        });
        Ok(Self(receiver))
    }

    /// Resolves when the process is asked to stop.
    pub(crate) async fn requested(mut self) {
        // Fails only if the runtime is being dropped, which also means stopping.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}
