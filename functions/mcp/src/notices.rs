//! Notices sent while a request is being answered: progress and log messages.
//!
//! They are kept until the answer is complete and sent before it in the same event stream, because a Lambda function
//! answers all at once. A client gets only what it asked for: progress under its token, log messages from its level up.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::era::Terms;

/// Log levels, least severe first (RFC 5424, 6.2.1).
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// Returns the level that a client names, or an error if it does not exist.
pub(crate) fn level(name: &str) -> Result<&str, String> {
    if LEVELS.contains(&name) {
        return Ok(name);
    }
    Err(format!("must be one of {}", LEVELS.join(", ")))
}

/// The least severe level for clients that cannot choose one: info.
const UNSAID: usize = 1;

/// The notices of one request, in order.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// `None` if the client accepts no event stream, or wants no progress.
    token: Option<Value>,
    level: Option<usize>,
    kept: Mutex<Vec<Value>>,
}

impl Notices {
    /// `streams` says whether the client accepts an event stream.
    pub(crate) fn new(terms: &Terms, streams: bool) -> Self {
        if !streams {
            return Self::default();
        }
        let level = terms.log_level.as_deref();
        let level = level.and_then(|level| LEVELS.iter().position(|known| *known == level));
        // In the old era the level is set by a separate request, which is not remembered.
        let level = if terms.version.is_modern() { level } else { Some(UNSAID) };
        Self { token: terms.progress_token.clone(), level, kept: Mutex::default() }
    }

    /// Reports how much of the work is done.
    pub(crate) fn progress(&self, done: u64, total: u64, message: &str) {
        if let Some(token) = &self.token {
            let params = json!({
                "progressToken": token, "progress": done, "total": total, "message": message,
            });
            self.keep("notifications/progress", params);
        }
    }

    /// Logs something for the client's operator. Never memory text.
    pub(crate) fn log(&self, level: &str, message: &str) {
        let severity = LEVELS.iter().position(|known| *known == level);
        if self.level.is_some_and(|least| severity >= Some(least)) {
            self.keep("notifications/message", json!({ "level": level, "logger": "mem0", "data": message }));
        }
    }

    /// Takes the messages, in order.
    pub(crate) fn take(&self) -> Vec<Value> {
        self.kept.lock().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
    }

    fn keep(&self, method: &str, params: Value) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.push(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
        }
    }
}
