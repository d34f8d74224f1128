//! Whether the memories of a node, or shared with it, may be seen by those who would see them in another place.

use super::estate;
use crate::access::ReadableScope;
use crate::error::{Error, Result};
use crate::ids::ScopeId;
use crate::tenancy::locked::Locked;

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
    Err(Error::Conflict(format!(
        "memories of this {} or shared with it, classified {}, could be seen there by more than the class allows: end that \
         sharing, or move or reclassify them first",
        node.kind,
        classes.join(" or ")
    )))
}
