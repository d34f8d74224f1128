//! `capture-after-answer`: stores what a conversation settled.

use serde_json::Value;
use shared::Error;
use shared::access::ScopeName;

use super::{About, Arguments, text};

pub(super) fn describe() -> About {
    (
        "Remember this conversation",
        "Has the model keep what this conversation settled, and nothing else of it.",
        &[
            ("scope", "Where to keep it; the person's own scope, if not given.", false),
            ("category", "A category to keep it under.", false),
        ],
    )
}

pub(super) fn content(arguments: &Arguments<'_>) -> shared::Result<Vec<Value>> {
    let scope = arguments.get("scope").unwrap_or("personal");
    scope.parse::<ScopeName>().map_err(|message| Error::invalid("scope", message))?;
    let category =
        arguments.get("category").map(|name| format!(", categories [{name:?}]")).unwrap_or_default();
    Ok(vec![text(format!(
        "Look back at this conversation and keep what will matter later: preferences, decisions and their reasons, \
         facts, plans. Leave out small talk, secrets, and whatever came from memory in the first place. For each, \
         first call search_memories to see whether it is known: if it is, leave it; if it is known differently, call \
         update_memory; else call add_memory with scope \"{scope}\"{category}, one self-contained statement each, with \
         names instead of pronouns and dates instead of \"today\". Then list in one line each what you kept."
    ))])
}
