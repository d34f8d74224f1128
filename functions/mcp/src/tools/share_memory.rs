//! `share_memory`: shares a memory.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::access::ScopeKind;
use shared::memory::Permission;
use shared::sharing::share::{self, Prospect};
use shared::sharing::{GranteeName, NewShare, Share, ShareRequest, Shared, Subject};

use super::arguments::PERMISSION;
use super::description::{Description, Effect};
use super::{Call, Halt, arguments, view};
use crate::confirmation::{Question, confirm};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    memory_id: String,
    with: String,
    permission: Option<Permission>,
    expires_at: Option<String>,
    may_reshare: Option<bool>,
    pub(super) reason: Option<String>,
}

impl Arguments {
    pub(super) fn read(self) -> Result<(Subject, ShareRequest), Halt> {
        let request = ShareRequest {
            with: arguments::grantee("with", &self.with)?,
            permission: self.permission,
            may_reshare: self.may_reshare,
            expires_at: arguments::share_end("expires_at", self.expires_at.as_deref())?,
            reason: self.reason,
        };
        Ok((Subject::Memory(arguments::memory_id(&self.memory_id)?), request))
    }
}

/// The arguments of this tool and of `request_approval`.
pub(super) fn input(required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": {
            "memory_id": { "type": "string", "description": "As search or list returned it." },
            "with": {
                "type": "string",
                "description": "person:<id or e-mail address>, team:<id>, division:<id>, department:<id>, unit:<id>, \
                                organization:<id>, context:<id>, enterprise or public.",
            },
            "permission": {
                "type": "string", "enum": ["read", "write", "admin"],
                "description": format!("{PERMISSION} For a new share: read."),
            },
            "expires_at": {
                "type": "string",
                "description": "When it ends, like 2026-03-31T12:00:00Z, or its last day, like 2026-03-31 (UTC); or never: \
                                when somebody ends it. For a new share: never.",
            },
            "may_reshare": {
                "type": "boolean", "description": "Whether they may share it on. For a new share: false.",
            },
            "reason": { "type": "string", "description": "Why: for them, and for whoever has to approve it." },
        },
        "required": required,
        "additionalProperties": false,
    })
}

/// The answer of both tools.
pub(super) fn output() -> Value {
    json!({
        "type": "object",
        "properties": {
            "status": { "type": "string", "enum": ["shared", "pending_approval"] },
            "share": { "type": "object", "description": "The share, when it is shared." },
            "approval": { "type": "object", "description": "The request, when somebody has to agree first." },
        },
        "required": ["status"],
    })
}

pub(super) fn describe() -> Description {
    let text = "Let a person, a team or everyone see one memory. Only do this when the person asks for it, and name in the \
                reply whom it was shared with. Answers pending_approval when somebody else has to agree first: then nothing is \
                shared yet. Sharing it again with the same recipient changes the terms that are given; the others stay as they are.";
    let input = input(&["memory_id", "with"]);
    Description::new(("share_memory", "Share a memory"), text, input, output(), Effect::Replaces)
}

pub(super) async fn call(call: &Call<'_>) -> Result<Value, Halt> {
    let arguments: Arguments = call.parse()?;
    let id = arguments::memory_id(&arguments.memory_id)?;
    let (subject, request) = arguments.read()?;
    confirm(call, async || {
        let prospect = share::may_share(call.caller(), call.database(), subject, &request).await?;
        let memory = call.readable(id).await?;
        let what = view::called(id, memory.as_ref());
        let whom = whom(call, &request.with, &prospect);
        let first = if prospect.needs_approval { " Somebody else has to agree first." } else { "" };
        let text = format!("{} {what}{first}", asked(&whom, &prospect.terms, prospect.before.as_ref()));
        Ok(Some(Question::about(text, "Yes, share", memory.as_ref())))
    })
    .await?;
    let shared: Shared = share::share(call.caller(), call.database(), subject, request, None).await?.value;
    Ok(json!(shared))
}

/// Asks whether to share on these terms. Who agrees to other terms of an earlier share has to know the earlier ones.
fn asked(whom: &str, new: &NewShare, before: Option<&Share>) -> String {
    let until =
        |at: Option<DateTime<Utc>>| at.map(|at| format!(" until {} UTC", at.format("%Y-%m-%d %H:%M")));
    let may = in_words(new.permission, new.may_reshare);
    let end = until(new.expires_at);
    let Some(before) = before else {
        return format!("Let {whom} {may}{}?", end.unwrap_or_default());
    };
    let may_now = in_words(before.permission, before.may_reshare);
    let end_now = until(before.expires_at).unwrap_or_default();
    let end = end.unwrap_or_else(|| " without an end".to_owned());
    format!("You let {whom} {may_now}{end_now} already. Let {whom} {may}{end}?")
}

fn in_words(permission: Permission, may_reshare: bool) -> String {
    let may = match permission {
        Permission::Read => "see",
        Permission::Write => "see and change",
        Permission::Admin => "see, change and delete",
    };
    format!("{may} this memory{}", if may_reshare { ", and share it on" } else { "" })
}

/// Names the grantee in a question, so that a person can check whom a model has chosen: the name says more than the id.
fn whom(call: &Call<'_>, with: &GranteeName, prospect: &Prospect) -> String {
    let scope = match with {
        GranteeName::Scope(name) => call.caller().resolve(*name).ok(),
        GranteeName::Person(_) | GranteeName::Email(_) => None,
    };
    match scope {
        Some(scope) if scope.kind == ScopeKind::Public => "everyone".to_owned(),
        Some(scope) => view::place(scope),
        None => match (&prospect.with_name, &prospect.with_email) {
            (Some(name), Some(email)) => format!("{} ({email})", view::quoted(name)),
            (None, Some(email)) => email.clone(),
            (Some(name), None) => format!("{} ({with})", view::quoted(name)),
            (None, None) => with.to_string(),
        },
    }
}
