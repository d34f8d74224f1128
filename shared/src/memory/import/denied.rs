//! Import lines that name scopes which the caller cannot see or write to. An import that stores its other lines
//! responds with 200, and must not allow scopes to be probed without a trace.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::access::{ScopeName, TenantTx};
use crate::audit::{self, Entry};
use crate::db::StoreError;
use crate::error::Error;
use crate::ids::EventId;

/// Refused lines, by the status that each would have had as a request of its own.
#[derive(Debug, Default)]
pub(super) struct Denied(BTreeMap<u16, Lines>);

#[derive(Debug, Default)]
struct Lines {
    reason: String,
    count: usize,
    scopes: BTreeSet<String>,
}

impl Denied {
    /// Records the refusal of a line, if its scope was the reason.
    pub(super) fn note(&mut self, scope: Option<ScopeName>, error: &Error) {
        let (Some(scope), Error::NotFound { .. } | Error::Forbidden(_)) = (scope, error) else { return };
        let lines = self.0.entry(error.status().as_u16()).or_default();
        lines.count += 1;
        lines.scopes.insert(scope.to_string());
        lines.reason = error.to_string();
    }

    /// Returns how many lines were refused because of their scope.
    pub(super) fn count(&self) -> usize {
        self.0.values().map(|lines| lines.count).sum()
    }

    /// Writes the refusals to the audit log, one row per status.
    pub(super) async fn record(&self, tx: &TenantTx<'_>, event: EventId) -> Result<(), StoreError> {
        for (status, Lines { reason, count, scopes }) in &self.0 {
            let details = json!({ "status": status, "reason": reason, "lines": count, "scopes": scopes });
            audit::record(tx, Entry::new("access.refuse", event).with(details).refused()).await?;
        }
        Ok(())
    }
}
