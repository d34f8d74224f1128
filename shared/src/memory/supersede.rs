//! Superseding: a new memory replaces older ones, which are kept, marked as superseded, and ranked after it.

use serde_json::json;

use crate::access::TenantTx;
use crate::audit;
use crate::error::{Error, Result};
use crate::ids::{MemoryId, ScopeId};
use crate::memory::permission::{self, Permission};
use crate::memory::read::NOT_FOUND;
use crate::memory::store::update::Changed;
use crate::memory::{Lifecycle, Memory, Outcome, store};

/// Maximum number of memories that one request may supersede.
const MOST: usize = 100;

/// Locks the memories to be superseded by one in the given home. They must live there as well, so that whoever sees the
/// old memory also sees the new one.
pub(super) async fn hold(tx: &TenantTx<'_>, home: ScopeId, ids: &[MemoryId]) -> Result<Vec<Memory>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if ids.len() > MOST {
        return Err(Error::invalid("supersedes", format!("more than {MOST} memories in one request")));
    }
    let held = store::lookup::lock(tx, ids).await?;
    let today = tx.caller().request().at.date_naive();
    if ids.iter().any(|id| !held.iter().any(|memory| memory.id == *id && memory.holds_on(today))) {
        return Err(NOT_FOUND);
    }
    permission::require(tx, &held, Permission::Write).await?;
    for memory in &held {
        let id = memory.id;
        if memory.home != home {
            return Err(Error::invalid(
                "supersedes",
                format!("{id} lives in another scope than what is added"),
            ));
        }
        if let Some(by) = memory.replaced_by {
            return Err(Error::Conflict(format!("{id} is superseded already, by {by}")));
        }
    }
    Ok(held)
}

/// Returns the memory that replaces them: the first one that was added, or that already says it.
pub(super) fn successor(held: &[Memory], outcomes: &[Outcome]) -> Result<MemoryId> {
    let standing = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Added { id, .. } => Some(*id),
        Outcome::Skipped { existing, .. } => {
            existing.filter(|existing| !held.iter().any(|memory| memory.id == *existing))
        }
    });
    standing.ok_or_else(|| {
        Error::invalid("supersedes", "nothing was added that could take the place of these memories")
    })
}

/// Marks them as superseded, each with a new version and an audit row.
pub(super) async fn replace(tx: &TenantTx<'_>, model: &str, held: Vec<Memory>, by: MemoryId) -> Result<()> {
    let changes: Vec<Changed> = held
        .into_iter()
        .map(|before| {
            let mut after = before.clone();
            after.lifecycle = Lifecycle::Superseded;
            after.replaced_by = Some(by);
            after.version += 1;
            after.updated_at = tx.caller().request().at;
            Changed { before, after, embedding: None }
        })
        .collect();
    store::update::update(tx, model, &changes).await?;
    for Changed { after, .. } in &changes {
        let entry =
            audit::Entry::new("memory.supersede", after.id).memories([after.id, by]).within(after.home);
        let details = json!({ "version": after.version, "replaced_by": by });
        audit::record(tx, entry.classified([after.classification]).with(details)).await?;
    }
    Ok(())
}
