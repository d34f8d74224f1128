//! How far a process has come with its first login.

use std::sync::Arc;

use tokio::sync::watch;

/// The stages, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(in crate::db) enum Stage {
    #[default]
    Begun,
    /// The server has what it needs to look the account up, and answers when it has. Meanwhile this process has nothing to
    /// do for the login.
    Asked,
    /// It has let the process in, or it will not.
    Over,
}

/// The stage, for whoever waits for it. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(in crate::db) struct Progress(Arc<watch::Sender<Stage>>);

impl Progress {
    /// Notes that a stage is reached. Later logins change nothing.
    pub(in crate::db) fn reach(&self, stage: Stage) {
        self.0.send_if_modified(|reached| {
            let further = stage > *reached;
            if further {
                *reached = stage;
            }
            further
        });
    }

    /// Waits for a stage, or a later one.
    pub(in crate::db) async fn wait_for(&self, stage: Stage) {
        // Never an error: the sender is held here.
        let _ = self.0.subscribe().wait_for(|reached| *reached >= stage).await;
    }
}
