//! The actions that rows of the log can have: `noun.verb`.

/// The verbs of each noun. In debug builds, [`Entry`](super::Entry) refuses an action that is missing here.
const ACTIONS: [(&str, &[&str]); 26] = [
    ("access", &["check", "refuse", "simulate_scopes"]),
    (
        "account",
        &[
            "deactivate",
            "forget",
            "hand_over_memories",
            "list",
            "reactivate",
            "read",
            "reassign_memories",
            "register",
            "rename",
        ],
    ),
    ("api_key", &["create", "list", "revoke", "rotate", "use"]),
    ("application", &["authorize", "decline", "logout", "revoke"]),
    ("approval_delegate", &["create", "end", "list"]),
    (
        "approval",
        &["approve", "deny", "end", "expire", "export", "list", "lower", "read", "request", "withdraw"],
    ),
    ("audit", &["anchor", "configure", "export", "read", "retire", "verify"]),
    ("context", &["change", "create", "delete", "hand_over", "list", "read"]),
    ("enterprise", &["change", "found"]),
    ("entity", &["list", "suggest"]),
    ("event", &["list", "read"]),
    ("group_member", &["list"]),
    ("group", &["add_member", "change", "create", "delete", "put_role", "remove_member", "remove_role"]),
    ("identity_provider", &["add_application", "distrust", "remove_application", "trust"]),
    ("invitation", &["accept", "create", "list", "revoke"]),
    ("member", &["add", "change", "list", "remove"]),
    (
        "memory",
        &[
            "access",
            "forget",
            "forget_where",
            "history",
            "import",
            "inherit",
            "judge",
            "list",
            "read",
            "release",
            "relocate",
            "remember",
            "remove",
            "revise",
            "search",
            "supersede",
        ],
    ),
    (
        "organization",
        &["cancel_dissolution", "change", "create", "delete", "dissolve", "hand_over_memories", "move"],
    ),
    ("password", &["allow_reset", "change", "reset"]),
    ("prompt", &["enhance"]),
    ("public_link", &["create", "end", "list", "open", "revoke"]),
    ("request", &["replay"]),
    ("service_account", &["change", "create"]),
    ("session", &["authorization_code_reuse", "end", "end_all", "list", "refresh_token_reuse", "start"]),
    ("share", &["create", "expire", "list", "lower", "preview", "revoke"]),
    ("sharing_policy", &["read", "replace"]),
];

/// Whether rows can have this action.
pub(super) fn is_known(action: &str) -> bool {
    action.split_once('.').is_some_and(|(noun, verb)| verbs(noun).is_some_and(|all| all.contains(&verb)))
}

/// Checks what somebody looks for: an action, or `noun.*` for every action on that noun. Otherwise a misspelling would
/// look as if nothing had happened.
pub(super) fn check(wanted: &str) -> Result<(), String> {
    let Some((noun, verb)) = wanted.split_once('.') else {
        return Err(format!("expected an action like memory.read, or memory.*, found {wanted:?}"));
    };
    let Some(all) = verbs(noun) else {
        let nouns: Vec<&str> = ACTIONS.iter().map(|(noun, _)| *noun).collect();
        return Err(format!("unknown action {wanted:?}, its first part is one of {}", nouns.join(", ")));
    };
    if verb == "*" || all.contains(&verb) {
        return Ok(());
    }
    Err(format!(
        "unknown action {wanted:?}, the actions of {noun} are {}, and * for all of them",
        all.join(", ")
    ))
}

fn verbs(noun: &str) -> Option<&'static [&'static str]> {
    ACTIONS.iter().find(|(known, _)| *known == noun).map(|(_, verbs)| *verbs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_found_is_refused() {
        for right in ["memory.search", "memory.*", "access.refuse", "audit.retire"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for wrong in
            ["memory", "mem*", "*", "*.read", "memory.serch", "memry.*", "memory.", ".", "memory.*.*"]
        {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            check("event.raed").unwrap_err(),
            "unknown action \"event.raed\", the actions of event are list, read, and * for all of them"
        );
    }
}
