//! Operations of administrators on policies.

use serde_json::json;

use super::{PolicyView, SharingPolicy, effective, store};
use crate::access::{Action, AuthContext, ReadableScope, TenantTx};
use crate::audit::{self, Entry};
use crate::db::Database;
use crate::error::{Error, Result};
use crate::ids::ScopeId;
use crate::tenancy::locked::Locked;

/// Returns a node's policy, to anyone who may see the node.
pub async fn lookup(ctx: &AuthContext, db: &Database, scope: &ReadableScope) -> Result<PolicyView> {
    ctx.authorize(Action::ReadNode, scope)?;
    let tx = ctx.begin(db, "sharing_policy.lookup").await?;
    let view = view(&tx, scope.id).await?;
    audit::commit_read(tx, Entry::new("sharing_policy.read", scope.label()).within(scope.id)).await?;
    Ok(view)
}

/// Replaces a node's policy. What is already stored and shared does not change.
pub async fn replace(
    ctx: &AuthContext,
    db: &Database,
    scope: &ReadableScope,
    policy: SharingPolicy,
) -> Result<PolicyView> {
    policy.check()?;
    let tx = ctx.begin(db, "sharing_policy.replace").await?;
    let tree = Locked::take(&tx).await?;
    let scope = tree.scope(scope.id).await?;
    ctx.authorize(Action::ChangeNode, &scope)?;
    store::put(&tree, scope.id, &policy).await?;
    let details = json!({ "scope": scope.label(), "policy": policy });
    audit::record(&tx, Entry::new("sharing_policy.replace", scope.label()).within(scope.id).with(details))
        .await?;
    let view = view(&tx, scope.id).await?;
    tx.commit().await?;
    Ok(view)
}

async fn view(tx: &TenantTx<'_>, scope: ScopeId) -> Result<PolicyView> {
    let own = store::lookup(tx, scope).await?;
    let effective = effective(tx, scope).await?.ok_or(Error::NotFound { what: "organization" })?;
    Ok(PolicyView {
        effective: effective.as_policy(),
        updated_by: own.as_ref().map(|own| own.updated_by),
        updated_at: own.as_ref().map(|own| own.updated_at),
        own: own.map(|own| own.policy).unwrap_or_default(),
    })
}
