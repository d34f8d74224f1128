//! What is told while a request is being answered: progress and log messages.
//!
//! They are kept until the answer is complete and sent before it in one event stream, because a Lambda answers at once.
//! A client gets only what it asked for: progress under its token, log messages from its level up.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::era::Terms;

/// From the least severe (RFC 5424, 6.2.1).
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// A level that a client names; anything else is wrong.
pub(crate) fn level(name: &str) -> Result<&str, String> {
    if LEVELS.contains(&name) {
        return Ok(name);
    }
    Err(format!("must be one of {}", LEVELS.join(", ")))
}

/// The least severe level where the client could not say: info.
const UNSAID: usize = 1;

/// The notices of one request, in order.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// None if the client takes no event stream, or wants none of it.
    token: Option<Value>,
    level: Option<usize>,
    kept: Mutex<Vec<Value>>,
}

impl Notices {
    /// `streams` says whether the client takes an event stream at all.
    pub(crate) fn new(terms: &Terms, streams: bool) -> Self {
        if !streams {
            return Self::default();
        }
        let level = terms.log_level.as_deref();
        let level = level.and_then(|level| LEVELS.iter().position(|known| *known == level));
        // The old era sets the level in a request of its own, which nobody remembers.
        let level = if terms.version.is_modern() { level } else { Some(UNSAID) };
        Self { token: terms.progress_token.clone(), level, kept: Mutex::default() }
    }

    /// How far the work is, out of how much.
    pub(crate) fn progress(&self, done: u64, total: u64, message: &str) {
        if let Some(token) = &self.token {
            let params = json!({
                "progressToken": token, "progress": done, "total": total, "message": message,
            });
            self.keep("notifications/progress", params);
        }
    }

    /// Something worth telling whoever operates the client. Never memory text.
    pub(crate) fn log(&self, level: &str, message: &str) {
        let severity = LEVELS.iter().position(|known| *known == level);
        if self.level.is_some_and(|least| severity >= Some(least)) {
            self.keep("notifications/message", json!({ "level": level, "logger": "mem0", "data": message }));
        }
    }

    /// The messages, in order.
    pub(crate) fn take(&self) -> Vec<Value> {
        self.kept.lock().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
    }

    fn keep(&self, method: &str, params: Value) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.push(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
        }
    }
}
