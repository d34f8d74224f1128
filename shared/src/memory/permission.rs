//! What a user may do with a memory: the greater of what their role in its home allows and what a share allows.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::access::{Action, AuthContext, TenantTx, policy};
use crate::error::{Error, Result};
use crate::ids::MemoryId;
use crate::memory::{Memory, store};

/// A permission granted by a share. Ordered: each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// See the memory, and its history from then on.
    Read,
    /// Also change its content.
    Write,
    /// Also classify, forget and share it.
    Admin,
}

impl Permission {
    /// Every permission, lowest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// The spelling in requests, responses and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|permission| permission.as_str() == text);
        found.ok_or_else(|| format!("unknown permission {text:?}, expected read, write or admin"))
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Refuses unless the caller has the needed permission on each memory. Shares are only read where roles do not suffice.
pub(super) async fn require<'m>(
    tx: &TenantTx<'_>,
    memories: impl IntoIterator<Item = &'m Memory>,
    needed: Permission,
) -> Result<()> {
    first_refused(tx, memories, needed).await?.map_or(Ok(()), |(_, refusal)| Err(refusal))
}

/// Does the same, and names the field of the request and the memory in the refusal.
pub(super) async fn require_each<'m>(
    tx: &TenantTx<'_>,
    field: &str,
    memories: impl IntoIterator<Item = &'m Memory>,
    needed: Permission,
) -> Result<()> {
    match first_refused(tx, memories, needed).await? {
        Some((id, Error::Forbidden(why))) => Err(Error::Forbidden(format!("{field}: {id}: {why}"))),
        Some((_, refusal)) => Err(refusal),
        None => Ok(()),
    }
}

/// Returns the first of the memories for which the caller lacks the permission, and why.
async fn first_refused<'m>(
    tx: &TenantTx<'_>,
    memories: impl IntoIterator<Item = &'m Memory>,
    needed: Permission,
) -> Result<Option<(MemoryId, Error)>> {
    let caller = tx.caller();
    let mut refused = Vec::new();
    for memory in memories {
        if let Err(refusal) = by_role(caller, memory) {
            refused.push((memory.id, refusal));
        }
    }
    if refused.is_empty() {
        return Ok(None);
    }
    let ids: Vec<_> = refused.iter().map(|(id, _)| *id).collect();
    let granted = store::grants::granted(tx, &ids).await?;
    for (id, refusal) in refused {
        match granted.get(&id) {
            Some(permission) if *permission >= needed => {}
            Some(permission) => {
                let why = format!("this memory was shared with you to {permission}, and this needs {needed}");
                return Ok(Some((id, Error::Forbidden(why))));
            }
            None => return Ok(Some((id, refusal))),
        }
    }
    Ok(None)
}

fn by_role(caller: &AuthContext, memory: &Memory) -> Result<()> {
    match caller.scope(memory.home) {
        Some(home) => caller.authorize(edit_action(caller, memory), home),
        None => Err(Error::Forbidden("this memory can only be changed where it lives".to_owned())),
    }
}

/// Returns whether the caller's role allows editing, for reading the history of a forgotten memory. A read-only key may
/// do that.
pub(super) fn could_edit(caller: &AuthContext, memory: &Memory) -> bool {
    let action = edit_action(caller, memory);
    caller.scope(memory.home).is_some_and(|home| policy::allows(action, home.kind, home.role))
}

fn edit_action(caller: &AuthContext, memory: &Memory) -> Action {
    match memory.author == caller.user_id() {
        true => Action::EditOwnMemory,
        false => Action::EditAnyMemory,
    }
}
