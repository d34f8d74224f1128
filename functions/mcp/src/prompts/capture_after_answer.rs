//! `capture-after-answer`: stores what a conversation settled.

use serde_json::Value;
use shared::Error;
use shared::access::{Action, AuthContext, ReadableScope, ScopeName};

use super::{About, Arguments, text};

pub(super) fn describe() -> About {
    (
        "Remember this conversation",
        "Has the model keep what this conversation settled, and nothing else of it.",
        &[
            ("scope", "Where to keep it; the person's own scope, if not given and writable.", false),
            ("category", "A category to keep it under.", false),
        ],
    )
}

pub(super) fn content(caller: &AuthContext, arguments: &Arguments<'_>) -> shared::Result<Vec<Value>> {
    let scope = match arguments.get("scope") {
        Some(scope) => {
            scope.parse::<ScopeName>().map_err(|message| Error::invalid("scope", message))?;
            format!("scope \"{scope}\"")
        }
        None => default_scope(caller),
    };
    let category =
        arguments.get("category").map(|name| format!(", categories [{name:?}]")).unwrap_or_default();
    Ok(vec![text(format!(
        "Look back at this conversation and keep what will matter later: preferences, decisions and their reasons, \
         facts, plans. Leave out small talk, secrets, and whatever came from memory in the first place. For each, \
         first call search_memories to see whether it is known: if it is, leave it; if it is known differently, call \
         update_memory; else call add_memory with {scope}{category}, one self-contained statement each, with \
         names instead of pronouns and dates instead of \"today\". Then list in one line each what you kept."
    ))])
}

/// Names the person's own scope or, if this credential cannot write there, the only one where it can; or says how to find
/// out.
fn default_scope(caller: &AuthContext) -> String {
    let writable = |scope: &&ReadableScope| caller.authorize(Action::AddMemory, scope).is_ok();
    if caller.resolve(ScopeName::Personal).is_ok_and(|own| writable(&own)) {
        return "scope \"personal\"".to_owned();
    }
    let mut scopes = caller.scopes().iter().filter(writable);
    match (scopes.next(), scopes.next()) {
        (Some(only), None) => format!("scope \"{}\"", only.label()),
        _ => "a scope that list_scopes shows as writable".to_owned(),
    }
}
