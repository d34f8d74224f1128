//! Operations of administrators on policies.

use serde_json::json;

use super::{ApprovalRule, Direction, PolicyView, SharingPolicy, effective, store};
use crate::access::{Action, AuthContext, ReadableScope, Role, TenantTx};
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

/// Replaces a node's policy. What is already stored and shared does not change. A rule can be added, changed or removed only
/// with the role that it names as approver, before and after.
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
    let before = store::lookup(&tx, scope.id).await?.map(|own| own.policy).unwrap_or_default();
    check_rules(&scope, &before, &policy)?;
    store::put(&tree, scope.id, &policy).await?;
    let details = json!({ "scope": scope.label(), "policy": policy });
    audit::record(&tx, Entry::new("sharing_policy.replace", scope.label()).within(scope.id).with(details))
        .await?;
    let view = view(&tx, scope.id).await?;
    tx.commit().await?;
    Ok(view)
}

/// Refuses a change to rules by which only somebody above the caller decides.
fn check_rules(scope: &ReadableScope, before: &SharingPolicy, after: &SharingPolicy) -> Result<()> {
    let only_in = |one: &SharingPolicy, other: &SharingPolicy| {
        let gone = one.approvals.iter().filter(|rule| !other.approvals.contains(rule));
        gone.map(|rule| rule.approver_role).max()
    };
    let needed = only_in(before, after).max(only_in(after, before));
    if needed <= scope.role {
        return Ok(());
    }
    let needed = needed.unwrap_or(Role::Owner);
    Err(Error::Forbidden(format!(
        "a rule about approvals by which the role {needed} decides can only be added, changed or removed with the role \
         {needed} on {}",
        scope.in_words()
    )))
}

/// Refuses to take a node, or what is in it, out from under rules by which only somebody above the caller decides.
pub(crate) async fn check_leaves(tx: &TenantTx<'_>, node: ScopeId, to: ScopeId) -> Result<()> {
    let gone = || Error::NotFound { what: "organization" };
    let known = super::effective_of(tx, &[node, to]).await?;
    let here = known.get(&node).ok_or_else(gone)?;
    let there = known.get(&to).ok_or_else(gone)?;
    for (ruled_by, role) in here.rules_left(there) {
        let scope = tx.caller().scope(ruled_by);
        if scope.and_then(|scope| scope.role) < Some(role) {
            let name = scope.map_or_else(|| "a node above".to_owned(), ReadableScope::in_words);
            return Err(Error::Forbidden(format!(
                "the rules of {name} about approvals would no longer apply: this needs the role {role} there"
            )));
        }
    }
    Ok(())
}

/// Refuses to take a node into another organization, which then sees what is in it, where a rule about sharing out of the
/// organization leaves that to a role that the caller does not hold: a rule of the node, of one above it or of one below it.
pub(crate) async fn check_crosses(tx: &TenantTx<'_>, node: &ReadableScope, to: &ReadableScope) -> Result<()> {
    let (from, to) = (node.path.get(1), to.path.get(1));
    // By itself below the enterprise it is an organization of its own, and nobody else sees it there.
    if to.is_none() || from == to {
        return Ok(());
    }
    for (ruled_by, policy) in store::around(tx, node.id).await? {
        let out =
            |rule: &&ApprovalRule| rule.directions.is_empty() || rule.directions.contains(&Direction::Out);
        let role = policy.approvals.iter().filter(out).map(|rule| rule.approver_role).max();
        let scope = tx.caller().scope(ruled_by);
        if role > scope.and_then(|scope| scope.role) {
            let role = role.unwrap_or(Role::Owner);
            let name = scope.map_or_else(|| "a node above".to_owned(), ReadableScope::in_words);
            return Err(Error::Forbidden(format!(
                "another organization would see what is in it, and a rule of {name} leaves that to the role {role} there"
            )));
        }
    }
    Ok(())
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
