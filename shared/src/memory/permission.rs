//! What somebody may do to a memory: whatever the policy lets them do where it lives, or a share allows, whichever is more.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::access::{Action, AuthContext, TenantTx, policy};
use crate::error::{Error, Result};
use crate::memory::{Memory, store};

/// What a share allows. Ordered: each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// To see it and its history.
    Read,
    /// Also to change what it says.
    Write,
    /// Also to classify it, to forget it and to share it.
    Admin,
}

impl Permission {
    /// Every permission, the least first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// As requests, answers and the database spell it.
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

/// Refuses unless the caller may do this to each of the memories. Shares are only asked for where roles do not suffice.
pub(super) async fn require<'m>(
    tx: &TenantTx<'_>,
    memories: impl IntoIterator<Item = &'m Memory>,
    needed: Permission,
) -> Result<()> {
    let caller = tx.caller();
    let mut refused = Vec::new();
    for memory in memories {
        if let Err(refusal) = by_role(caller, memory) {
            refused.push((memory.id, refusal));
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = refused.iter().map(|(id, _)| *id).collect();
    let granted = store::grants::granted(tx, &ids).await?;
    for (id, refusal) in refused {
        match granted.get(&id) {
            Some(permission) if *permission >= needed => {}
            Some(permission) => {
                return Err(Error::Forbidden(format!(
                    "this memory was shared with you to {permission}, and this needs {needed}"
                )));
            }
            None => return Err(refusal),
        }
    }
    Ok(())
}

fn by_role(caller: &AuthContext, memory: &Memory) -> Result<()> {
    match caller.scope(memory.home) {
        Some(home) => caller.authorize(edit_action(caller, memory), home),
        None => Err(Error::Forbidden("this memory can only be changed where it lives".to_owned())),
    }
}

/// The same by the policy alone, for reading the history of what was forgotten: a key that may only read may do that.
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
