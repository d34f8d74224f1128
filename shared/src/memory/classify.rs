//! The class of a memory: its default when added, and whether it may be changed.

use crate::access::{Audience, AuthContext, Classification, ScopeKind, TenantTx};
use crate::error::{Error, Result};
use crate::ids::{MemoryId, ScopeId};
use crate::memory::store::grants::TooWide;
use crate::memory::{Memory, class_rules, store};
use crate::tenancy::policies::{self, Effective};

/// Returns the class of a memory added to a scope: the requested one, or the scope's default.
pub(super) async fn new(
    tx: &TenantTx<'_>,
    home: ScopeId,
    asked: Option<Classification>,
) -> Result<Classification> {
    let policy = policy(tx, home).await?;
    let class = policy.class_of_new(asked, tx.caller().ceiling())?;
    check_context(tx, home, &policy, class).await?;
    Ok(class)
}

/// Refuses what was just added to a context if those with whom the context is shared may not see it, or only after
/// somebody's approval.
pub(super) async fn check_added(
    tx: &TenantTx<'_>,
    context: ScopeId,
    added: &[MemoryId],
    classes: impl IntoIterator<Item = Classification>,
) -> Result<()> {
    check_seen(tx, added).await?;
    for class in classes {
        class_rules::check_added(tx, tx.caller(), context, class).await?;
    }
    Ok(())
}

/// Refuses somebody to whom adding something of a class to a scope would be refused, if it is a context, because of
/// those with whom it is shared.
pub(crate) async fn may_add(
    tx: &TenantTx<'_>,
    adder: &AuthContext,
    home: ScopeId,
    policy: &Effective,
    class: Classification,
) -> Result<()> {
    if policy.kind != ScopeKind::Context {
        return Ok(());
    }
    check_context(tx, home, policy, class).await?;
    class_rules::check_added(tx, adder, home, class).await
}

/// Refuses a class that those whom the context is shared with may not see.
pub(super) async fn check_context(
    tx: &TenantTx<'_>,
    home: ScopeId,
    policy: &Effective,
    class: Classification,
) -> Result<()> {
    if policy.kind != ScopeKind::Context {
        return Ok(());
    }
    for audience in store::grants::audiences_of(tx, home).await? {
        policy.check(class, audience)?;
    }
    check_links(tx, &[home], policy, class).await
}

/// Refuses a public class where links may not show it: links to a context show its public memories and nothing else.
pub(super) async fn check_links(
    tx: &TenantTx<'_>,
    scopes: &[ScopeId],
    policy: &Effective,
    class: Classification,
) -> Result<()> {
    if class == Classification::Public && store::grants::linked(tx, scopes).await? {
        policy.check(class, Audience::Link)?;
    }
    Ok(())
}

/// Returns the effective policy of a scope, which may have been deleted since the caller was authorized.
pub(super) async fn policy(tx: &TenantTx<'_>, home: ScopeId) -> Result<Effective> {
    policies::effective(tx, home).await?.ok_or(Error::NotFound { what: "scope" })
}

/// Refuses somebody a new class that is above their ceiling, that the links which show the memory may not show, or that
/// rules about approvals keep from it.
pub(super) async fn change(
    tx: &TenantTx<'_>,
    who: &AuthContext,
    before: &Memory,
    after: Classification,
) -> Result<()> {
    policies::within(after, who.ceiling())?;
    let policy = policy(tx, before.home).await?;
    check_links(tx, &before.scopes, &policy, after).await?;
    class_rules::check(tx, who, before, after).await
}

/// Refuses somebody a new class of a memory for every reason for which changing it would be refused; nothing is changed.
pub(crate) async fn may_classify(
    tx: &TenantTx<'_>,
    who: &AuthContext,
    memory: &Memory,
    class: Classification,
) -> Result<()> {
    change(tx, who, memory, class).await?;
    check_wide(tx, store::grants::too_wide_as(tx, memory.id, class).await?).await
}

/// Refuses a change that was just made to these memories if the class of any of them no longer permits its audience:
/// its home, or anyone it is shared with.
pub(super) async fn check_seen(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<()> {
    check_wide(tx, store::grants::too_wide(tx, ids).await?).await
}

async fn check_wide(tx: &TenantTx<'_>, found: Option<TooWide>) -> Result<()> {
    let Some(wide) = found else { return Ok(()) };
    policy(tx, wide.home).await?.check(wide.class, wide.kind.into())?;
    debug_assert!(wide.abroad, "it is seen by too many, or elsewhere");
    Err(Error::Forbidden(format!(
        "{} memories may not be seen in another organization, and this one is shared there: end that first",
        wide.class
    )))
}
