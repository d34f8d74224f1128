//! Who may change a memory: whoever the policy lets, in the scope where it lives.

use crate::access::{Action, AuthContext, policy};
use crate::error::{Error, Result};
use crate::memory::Memory;

/// Whether the caller may change or forget a memory that they can see.
pub(super) fn may_edit(caller: &AuthContext, memory: &Memory) -> Result<()> {
    match caller.scope(memory.home) {
        Some(home) => caller.authorize(edit_action(caller, memory), home),
        // Shared to them from a scope that they have no part in.
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
