//! Whether the memories of a node, or shared with it, may be seen by those who would see them in another place.

use super::estate;
use crate::access::ReadableScope;
use crate::error::{Error, Result};
use crate::ids::{MemoryId, ScopeId};
use crate::tenancy::locked::Locked;

/// How many of the memories that are in the way are named in the error.
const NAMED: i32 = 20;

/// Refuses a place, given by its path, where more people would see memories than their class allows.
pub(super) async fn check_seen(
    tree: &Locked<'_, '_>,
    node: &ReadableScope,
    target: &[ScopeId],
) -> Result<()> {
    let classes = estate::too_wide_below(tree, node.id, target).await?;
    if classes.is_empty() {
        return Ok(());
    }
    let named = estate::name_too_wide_below(tree, node.id, target, NAMED + 1).await?;
    Err(Error::Conflict(format!(
        "memories of this {} or shared with it, classified {}, could be seen there by more than the class allows: end that \
         sharing, or move or reclassify them first{}",
        node.kind,
        classes.join(" or "),
        names(&named)
    )))
}

/// Names memories at the end of a sentence: ` (mem_…, mem_… and others)`.
fn names(found: &[MemoryId]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let named: Vec<String> = found.iter().take(NAMED as usize).map(MemoryId::to_string).collect();
    let others = if found.len() > named.len() { " and others" } else { "" };
    format!(" ({}{others})", named.join(", "))
}
