//! The ways in which an invocation fails. Each has a different cause to look for.

use std::{fmt, io, path::PathBuf, process::ExitStatus, time::Duration};

use serde::Deserialize;

/// A function's report of its own failure, in the body posted to `…/error`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorReport {
    /// The kind of error.
    pub error_type: String,
    /// The message.
    pub error_message: String,
}

impl ErrorReport {
    /// Parses a posted body; one that is not a report is kept whole as the message.
    pub(crate) fn parse(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_else(|_| Self {
            error_type: "Runtime.Unknown".into(),
            error_message: String::from_utf8_lossy(body).into_owned(),
        })
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.error_message)
    }
}

/// Why an invocation has no reply.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The binary could not be started: missing, not executable, for another machine.
    #[error("cannot start {}", .path.display())]
    Spawn {
        /// The binary.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The Runtime API's port could not be opened.
    #[error("cannot serve the runtime api")]
    RuntimeApi(#[source] io::Error),
    /// The function reported that it cannot start (`…/init/error`).
    #[error("function failed to initialize: {0}")]
    Init(ErrorReport),
    /// The process ended before it asked for work. `output` is the end of what it printed.
    #[error("function exited during initialization ({status}): {output}")]
    InitExited {
        /// How it ended.
        status: ExitStatus,
        /// The end of its output.
        output: String,
    },
    /// The process did not ask for work in time.
    #[error("function was not ready after {0:?}")]
    InitTimedOut(Duration),
    /// The function answered this event with an error (`…/error`); it stays alive.
    #[error("function returned an error: {0}")]
    Function(ErrorReport),
    /// The process ended while it had the event. `output` is the end of what it printed.
    #[error("function exited without a reply ({status}): {output}")]
    Exited {
        /// How it ended.
        status: ExitStatus,
        /// The end of its output.
        output: String,
    },
    /// No reply within the function's timeout; the process was killed.
    #[error("function did not reply within {0:?}")]
    TimedOut(Duration),
    /// The event is larger than a synchronous invocation allows.
    #[error("event of {bytes} bytes is over the limit of {limit}")]
    EventTooLarge {
        /// Size of the event.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The reply is larger than a synchronous invocation allows.
    #[error("reply of {bytes} bytes is over the limit of {limit}")]
    ReplyTooLarge {
        /// Size of the reply.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The reply is not something that an HTTP API can turn into a response.
    #[error("malformed reply: {0}")]
    MalformedReply(String),
    /// The emulator's own runtime is shutting down.
    #[error("emulator is shutting down")]
    Closed,
}
