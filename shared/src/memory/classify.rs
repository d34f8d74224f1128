//! The class of a memory: what its scope says when it is added, and whether it may be another one.

use crate::access::{Audience, Classification, ScopeKind, TenantTx};
use crate::error::{Error, Result};
use crate::ids::{MemoryId, ScopeId};
use crate::memory::{Memory, store};
use crate::tenancy::policies::{self, Effective};

/// The class of what is added to a scope, as asked for or as the scope says.
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

/// What is added to a context is seen by whomever that is shared with.
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

/// What is public is shown by the links to the contexts in which it is; nothing else is.
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

/// What the nodes say about a scope. It may have been deleted since the caller was found to see it.
pub(super) async fn policy(tx: &TenantTx<'_>, home: ScopeId) -> Result<Effective> {
    policies::effective(tx, home).await?.ok_or(Error::NotFound { what: "scope" })
}

/// Refuses another class above the caller's ceiling, or that links may not show which show the memory.
pub(super) async fn changed(tx: &TenantTx<'_>, memory: &Memory) -> Result<()> {
    policies::within(memory.classification, tx.caller().ceiling())?;
    let policy = policy(tx, memory.home).await?;
    check_links(tx, &memory.scopes, &policy, memory.classification).await
}

/// Refuses what was just done to these memories if any of them is seen now by more than its class allows: where it lives, or by
/// anybody whom it is shared with.
pub(super) async fn check_seen(tx: &TenantTx<'_>, ids: &[MemoryId]) -> Result<()> {
    let Some(wide) = store::grants::too_wide(tx, ids).await? else { return Ok(()) };
    policy(tx, wide.home).await?.check(wide.class, wide.kind.into())?;
    debug_assert!(wide.abroad, "it is seen by too many, or elsewhere");
    Err(Error::Forbidden(format!(
        "{} memories may not be seen in another organization, and this one is shared there: end that first",
        wide.class
    )))
}
