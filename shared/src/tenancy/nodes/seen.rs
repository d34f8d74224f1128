//! Whether the memories of a node, or shared with it, may be seen by those who would see them in another place.

use super::estate::{self, InTheWay, Subject};
use crate::access::ReadableScope;
use crate::error::{Error, Result};
use crate::ids::{MemoryId, ScopeId};
use crate::tenancy::locked::Locked;

/// How many of the memories that are in the way are named in the error, and of the shares.
pub(super) const NAMED: i32 = 10;

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
    let found = estate::in_the_way_below(tree, node.id, target, NAMED).await?;
    Err(Error::Conflict(format!(
        "memories of this {} or shared with it, classified {}, could be seen there by more than the class allows: end that \
         sharing, or move or reclassify them first{}",
        node.kind,
        classes.join(" or "),
        names(&found)
    )))
}

/// Names what is in the way at the end of a sentence: ` (2 memories: mem_…, mem_…; 1 share: shr_… of mem_…)`.
fn names(found: &InTheWay) -> String {
    let memories = found.memories.iter().map(MemoryId::to_string);
    let shares = found.shares.iter().map(|(share, subject)| match subject {
        Subject::Memory(id) => format!("{share} of {id}"),
        Subject::Context(id) => format!("{share} of {id}"),
    });
    let parts = [
        counted("memory", "memories", found.memory_count, &memories.collect::<Vec<_>>()),
        counted("share", "shares", found.share_count, &shares.collect::<Vec<_>>()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) }
}

/// Counts things and names the first of them; nothing if there are none.
pub(super) fn counted(one: &str, many: &str, count: i64, first: &[String]) -> Option<String> {
    if first.is_empty() {
        return None;
    }
    let noun = if count == 1 { one } else { many };
    let others = match count - i64::try_from(first.len()).unwrap_or(count) {
        0 => String::new(),
        1 => " and 1 other".to_owned(),
        rest => format!(" and {rest} others"),
    };
    Some(format!("{count} {noun}: {}{others}", first.join(", ")))
}
