//! Classes under approval rules: neither changing a memory's class nor adding a memory to a context may bypass a rule.
//!
//! Moving a memory out of the reach of a rule about its class needs the role that decides under the rule. Moving it into
//! one needs approval for its existing shares and links: those must end first and be requested again. The same holds for
//! the members, shares and links of a context to which something is added. Where a node lets fewer people see the old
//! class than the new one, a new class needs the role that may change that limit.

use crate::access::{AuthContext, Classification, Role, ScopeKind, TenantTx};
use crate::error::{Error, Result};
use crate::ids::ScopeId;
use crate::memory::store::grants::{self, Guest, Unapproved};
use crate::memory::{Memory, classify};
use crate::tenancy::policies::{self, Direction, Effective};

/// How many of the shares that must end first are named in the error.
const NAMED: usize = 20;

/// Refuses somebody a new class where an approval rule covers the old class or the new one.
pub(super) async fn check(
    tx: &TenantTx<'_>,
    who: &AuthContext,
    before: &Memory,
    after: Classification,
) -> Result<()> {
    let policy = classify::policy(tx, before.home).await?;
    let class = before.classification;
    if let Some((node, role)) = policy.rule_left(class, after) {
        let theirs = who.scope(node).and_then(|node| node.role);
        if theirs < Some(role) {
            return Err(Error::Forbidden(format!(
                "a rule of {} about approvals is about what is {class}: making it {after} needs the role {role} there",
                named(tx, node)
            )));
        }
    }
    if let Some((node, widest)) = policy.limit_left(class, after)
        && who.scope(node).and_then(|node| node.role) < Some(Role::Admin)
    {
        return Err(Error::Forbidden(format!(
            "{} lets what is {class} be seen by {} at most: making it {after}, which more people may see, needs the role \
             {} there",
            named(tx, node),
            widest.in_words(),
            Role::Admin
        )));
    }
    check_links(tx, who, &policy, before, after).await?;
    // Most scopes have no rules.
    if Direction::ALL.into_iter().all(|direction| policy.rule_met(direction, class, after).is_none()) {
        return Ok(());
    }
    check_members(tx, &policy, before, after).await?;
    let shares = grants::unapproved(tx, before, after).await?;
    let met = |share: &&Unapproved| policy.rule_met(share.direction, class, after).is_some();
    let mut met: Vec<String> = shares.iter().filter(met).map(|share| share.id.to_string()).collect();
    met.dedup();
    if met.is_empty() {
        return Ok(());
    }
    let (named, others) = met.split_at(met.len().min(NAMED));
    let others = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    Err(Error::Conflict(format!(
        "what is {after} needs an approval to be shared so: end {}{others} first, and ask for that anew afterwards",
        named.join(", ")
    )))
}

/// Refuses a class that members of the context where the memory lives may see only after an approval.
async fn check_members(
    tx: &TenantTx<'_>,
    policy: &Effective,
    before: &Memory,
    after: Classification,
) -> Result<()> {
    if policy.kind != ScopeKind::Context {
        return Ok(());
    }
    let guests = grants::guests(tx, before.home, after, before.author).await?;
    let asks = |guest: &Guest| {
        guest.member && policy.rule_met(guest.direction, before.classification, after).is_some()
    };
    match guests.iter().any(asks) {
        true => Err(Error::Conflict(for_members(after))),
        false => Ok(()),
    }
}

/// What to do about members who may see something of a class only after an approval.
fn for_members(class: Classification) -> String {
    format!(
        "a member of this context may see what is {class} only after an approval: take them out of the context first, \
         and share it with them afterwards, which asks for that"
    )
}

/// Refuses to make public what a link would open then, if a rule requires an approval for that.
async fn check_links(
    tx: &TenantTx<'_>,
    who: &AuthContext,
    policy: &Effective,
    memory: &Memory,
    after: Classification,
) -> Result<()> {
    let role = policies::role_for(tx, policy, who, memory.author).await?;
    if !asks_for_links(policy, role, after)
        || !grants::opened_unapproved(tx, Some(memory.id), memory.home, &memory.scopes).await?
    {
        return Ok(());
    }
    Err(Error::Conflict(
        "a link to it, or to a context that it is in, would open what is public, and that needs an approval here: \
         revoke the link or take it out of the context first, and ask for that anew afterwards"
            .to_owned(),
    ))
}

/// Returns whether a rule requires an approval before links of somebody with this role open what is of a class.
fn asks_for_links(policy: &Effective, role: Option<Role>, class: Classification) -> bool {
    // Everyone reads what is in the public scope already.
    class == Classification::Public
        && policy.kind != ScopeKind::Public
        && policy.rule_for(Direction::Public, class, role).is_some()
}

/// Refuses to add something to a context if a rule requires an approval before its members see it, those with whom the
/// context is shared, or those who have a link to it, unless somebody approved that for its class. Nobody may join or
/// share the context until the transaction ends.
pub(super) async fn check_added(
    tx: &TenantTx<'_>,
    adder: &AuthContext,
    context: ScopeId,
    class: Classification,
) -> Result<()> {
    let policy = classify::policy(tx, context).await?;
    let role = policies::role_for(tx, &policy, adder, adder.user_id()).await?;
    if Direction::ALL.iter().all(|direction| policy.rule_for(*direction, class, role).is_none()) {
        return Ok(());
    }
    let guests = grants::guests(tx, context, class, adder.user_id()).await?;
    let asks = |guest: &Guest| policy.rule_for(guest.direction, class, role).is_some();
    if guests.iter().any(|guest| guest.member && asks(guest)) {
        return Err(Error::Forbidden(for_members(class)));
    }
    if guests.iter().any(asks) {
        return Err(Error::Forbidden(format!(
            "this context is shared with somebody who may see what is {class} only after an approval: end that share \
             first, and ask for it anew afterwards"
        )));
    }
    if asks_for_links(&policy, role, class)
        && grants::opened_unapproved(tx, None, context, &[context]).await?
    {
        return Err(Error::Forbidden(
            "a link to this context would open what is public, and that needs an approval: revoke the link first, \
             and ask for that anew afterwards"
                .to_owned(),
        ));
    }
    Ok(())
}

fn named(tx: &TenantTx<'_>, node: ScopeId) -> String {
    tx.caller().scope(node).map_or_else(|| "a node above".to_owned(), |node| node.in_words())
}
