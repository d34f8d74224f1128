//! Superseding: a new memory replaces older ones, which are kept, marked as superseded, and ranked after it. They are
//! current again when it is forgotten or has expired, and for those who do not see it.

use serde_json::json;

use crate::access::TenantTx;
use crate::audit;
use crate::error::{Error, Result};
use crate::ids::{MemoryId, ScopeId};
use crate::memory::permission::{self, Permission};
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
    store::lookup::lock(tx, ids).await?;
    // Read anew: those who held the locks before may have superseded them.
    let held = store::lookup::lookup_all(tx, ids).await?;
    let today = tx.caller().request().at.date_naive();
    let is_held = |id: &MemoryId| held.iter().any(|memory| memory.id == *id && memory.holds_on(today));
    if let Some(missing) = ids.iter().find(|id| !is_held(id)) {
        return Err(Error::Missing(missing.to_string()));
    }
    permission::require_each(tx, "supersedes", &held, Permission::Write).await?;
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
pub(super) async fn successor(tx: &TenantTx<'_>, held: &[Memory], outcomes: &[Outcome]) -> Result<MemoryId> {
    let is_held = |id: &MemoryId| held.iter().any(|memory| memory.id == *id);
    let existing = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Added { .. } => None,
        Outcome::Skipped { existing, .. } => *existing,
    });
    let standing = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Added { id, .. } => Some((*id, true)),
        Outcome::Skipped { existing, .. } => existing.filter(|id| !is_held(id)).map(|id| (id, false)),
    });
    match standing {
        Some((id, true)) => Ok(id),
        // It must not be forgotten at the same time.
        Some((id, false)) => match store::lookup::lock(tx, &[id]).await?.is_empty() {
            true => Err(Error::Conflict(format!("{id} was forgotten at the same time, try again"))),
            false => Ok(id),
        },
        None => Err(Error::invalid(
            "supersedes",
            match existing.into_iter().find(is_held) {
                Some(id) => format!("the new text is the same as {id}, which it should supersede"),
                None => "nothing was added that could take the place of these memories".to_owned(),
            },
        )),
    }
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

/// Releases what these forgotten memories superseded: it is current again, or superseded by what else has superseded it or
/// them. Each gets a new version and an audit row.
pub(super) async fn release(tx: &TenantTx<'_>, forgotten: &[MemoryId]) -> Result<()> {
    for released in store::delete::release(tx, forgotten).await? {
        let entry =
            audit::Entry::new("memory.release", released.id).memories([released.id]).within(released.home);
        let details = json!({ "version": released.version, "replaced_by": released.replaced_by });
        audit::record(tx, entry.classified([released.classification]).with(details)).await?;
    }
    Ok(())
}
