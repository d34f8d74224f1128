//! Lines that name scopes which are not there for the caller, or not theirs to write to: an import that stores its other lines
//! answers 200, and must not be a way to try scopes out unseen.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::access::{ScopeName, TenantTx};
use crate::audit::{self, Entry};
use crate::db::StoreError;
use crate::error::Error;
use crate::ids::EventId;

/// What was refused, by the status that it would have had alone.
#[derive(Debug, Default)]
pub(super) struct Denied(BTreeMap<u16, Lines>);

#[derive(Debug, Default)]
struct Lines {
    reason: String,
    count: usize,
    scopes: BTreeSet<String>,
}

impl Denied {
    /// Takes down what became of a line, if it is that.
    pub(super) fn note(&mut self, scope: Option<ScopeName>, error: &Error) {
        let (Some(scope), Error::NotFound { .. } | Error::Forbidden(_)) = (scope, error) else { return };
        let lines = self.0.entry(error.status().as_u16()).or_default();
        lines.count += 1;
        lines.scopes.insert(scope.to_string());
        lines.reason = error.to_string();
    }

    /// Writes it to the log, a row for each status.
    pub(super) async fn record(&self, tx: &TenantTx<'_>, event: EventId) -> Result<(), StoreError> {
        for (status, Lines { reason, count, scopes }) in &self.0 {
            let details = json!({ "status": status, "reason": reason, "lines": count, "scopes": scopes });
            audit::record(tx, Entry::new("access.refuse", event).with(details).refused()).await?;
        }
        Ok(())
    }
}
