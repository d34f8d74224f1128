//! Nodes side by side have different names: "via team Alpha" means one team.

use super::store;
use crate::access::ReadableScope;
use crate::error::{Error, Result};
use crate::ids::ScopeId;
use crate::name::look_alike;
use crate::tenancy::locked::Locked;

/// Refuses a name that another node directly below the parent has. `own` is the node itself, if it exists already.
pub(super) async fn check_name(
    tree: &Locked<'_, '_>,
    parent: ScopeId,
    name: &str,
    own: Option<ScopeId>,
) -> Result<()> {
    let beside = store::below(tree, parent).await?;
    match beside.iter().find(|(id, _, other)| Some(*id) != own && look_alike(name, other)) {
        None => Ok(()),
        Some((_, kind, other)) => Err(taken(kind, other)),
    }
}

/// The same for everything below a node that goes to an heir.
pub(super) async fn check_names_below(
    tree: &Locked<'_, '_>,
    node: &ReadableScope,
    heir: &ReadableScope,
) -> Result<()> {
    let (below, beside) = (store::below(tree, node.id).await?, store::below(tree, heir.id).await?);
    let met = |name: &str| beside.iter().find(|(id, _, other)| *id != node.id && look_alike(name, other));
    match below.iter().find_map(|(_, _, name)| met(name)) {
        None => Ok(()),
        Some((_, kind, other)) => Err(taken(kind, other)),
    }
}

fn taken(kind: &str, name: &str) -> Error {
    Error::Conflict(format!("another {kind} here is named {name:?}: choose another name, or rename that one"))
}
