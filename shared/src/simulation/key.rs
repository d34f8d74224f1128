//! Questions about an API key: what it may do, and which of its restrictions stops it from what its owner may do.

use chrono::{DateTime, Utc};

use super::service::Asking;
use super::{Narrowing, Question, Verb, Verdict, store};
use crate::access::{ApiKeyVerb, AuthContext, Classification, ReadableScope, TenantTx};
use crate::error::{Error, Result};
use crate::ids::{ApiKeyId, ScopeId, UserId};

/// The restrictions of a key.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) id: ApiKeyId,
    pub(super) owner: UserId,
    pub(super) verbs: Vec<ApiKeyVerb>,
    pub(super) within: Option<Vec<ScopeId>>,
    pub(super) ceiling: Option<Classification>,
    pub(super) revoked: bool,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

/// The error for a key that does not exist for the caller.
pub(super) const NOT_FOUND: Error = Error::NotFound { what: "API key" };

/// Decides whether the key may do it, given the verdict on its owner.
pub(super) async fn judge(asking: &Asking<'_>, key: &Key, owner: Verdict) -> Result<Verdict> {
    let now = asking.tx.caller().request().at;
    if key.revoked {
        return Ok(stopped(Narrowing::Revoked, "the key was revoked".to_owned(), owner));
    }
    if let Some(at) = key.expires_at.filter(|at| *at <= now) {
        let at = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        return Ok(stopped(Narrowing::Expired, format!("the key expired at {at}"), owner));
    }
    if !owner.allowed {
        return Ok(Verdict { stopped_by: vec![Narrowing::Owner], ..owner });
    }
    let mut stops: Vec<(Narrowing, String)> = Vec::new();
    let needed = needed(asking.question);
    if !key.verbs.contains(&needed) {
        stops.push((Narrowing::Verbs, format!("the key lacks the scope {}", needed.as_str())));
    }
    if let Some(within) = &key.within {
        let narrowed = asking.them.within(within);
        if !asking.verdict(&narrowed).await?.0.allowed {
            stops.push((
                Narrowing::Within,
                format!("the key is only for {}", labels(asking.tx.caller(), within)),
            ));
        }
    }
    if let Some(ceiling) = key.ceiling {
        let below = asking.them.below(ceiling);
        let verdict = asking.verdict(&below).await?.0;
        if !verdict.allowed {
            stops.push((Narrowing::Ceiling, format!("the key's ceiling is {ceiling}: {}", verdict.reason)));
        }
    }
    // Several restrictions together may stop what each of them alone would allow.
    let (verdict, _) =
        asking.verdict(&asking.them.through(key.id, &key.verbs, key.within.as_deref(), key.ceiling)).await?;
    if stops.is_empty() {
        return Ok(verdict);
    }
    let (stopped_by, reasons): (Vec<Narrowing>, Vec<String>) = stops.into_iter().unzip();
    let reason = format!("its owner may, but {}", reasons.join("; "));
    Ok(Verdict { allowed: false, reason, stopped_by, needs_approval_of: Vec::new(), ..owner })
}

/// The verb that a key needs for the question.
fn needed(question: &Question) -> ApiKeyVerb {
    match question.verb {
        Verb::Policy(action) => action.verb(),
        Verb::ClassifyMemory | Verb::ForgetMemory | Verb::DecideApproval => ApiKeyVerb::MemoriesWrite,
    }
}

/// Names scopes for the asker; those that they cannot see are only counted.
fn labels(asker: &AuthContext, within: &[ScopeId]) -> String {
    let mut known: Vec<String> =
        within.iter().filter_map(|id| asker.scope(*id)).map(ReadableScope::in_words).collect();
    match within.len() - known.len() {
        0 if known.is_empty() => return "scopes that are gone".to_owned(),
        0 => {}
        1 => known.push("a scope that you do not see".to_owned()),
        more => known.push(format!("{more} scopes that you do not see")),
    }
    known.join(", ")
}

fn stopped(by: Narrowing, reason: String, owner: Verdict) -> Verdict {
    Verdict { allowed: false, reason, stopped_by: vec![by], needs_approval_of: Vec::new(), ..owner }
}

impl Asking<'_> {
    /// Returns the key that the question is about, if it belongs to the user in question.
    pub(super) async fn key(&self, id: ApiKeyId) -> Result<Key> {
        let key = store::key(self.tx, id).await?.ok_or(NOT_FOUND)?;
        if key.owner == self.them.caller.user_id() { Ok(key) } else { Err(NOT_FOUND) }
    }
}

/// Returns the owner of a key.
pub(super) async fn owner(tx: &TenantTx<'_>, id: ApiKeyId) -> Result<UserId> {
    Ok(store::key(tx, id).await?.ok_or(NOT_FOUND)?.owner)
}
