//! Reclassification under approval rules: changing a memory's class must not bypass a rule that covers a class.
//!
//! Moving a memory out of the reach of such a rule needs the role that decides under the rule. Moving it into one needs
//! approval for its existing shares: those must end first and be requested again.

use crate::access::{Classification, ScopeKind, TenantTx};
use crate::error::{Error, Result};
use crate::ids::ScopeId;
use crate::memory::store::grants::{self, Unapproved};
use crate::memory::{Memory, classify};
use crate::tenancy::policies::{Direction, Effective};

/// How many of the shares that must end first are named in the error.
const NAMED: usize = 20;

/// Refuses a new class where an approval rule covers the old class or the new one.
pub(super) async fn check(tx: &TenantTx<'_>, before: &Memory, after: Classification) -> Result<()> {
    let policy = classify::policy(tx, before.home).await?;
    let class = before.classification;
    if let Some((node, role)) = policy.rule_left(class, after) {
        let theirs = tx.caller().scope(node).and_then(|node| node.role);
        if theirs < Some(role) {
            return Err(Error::Forbidden(format!(
                "a rule of {} about approvals is about what is {class}: making it {after} needs the role {role} there",
                named(tx, node)
            )));
        }
    }
    // Most scopes have no rules.
    if Direction::ALL.iter().all(|direction| policy.rule_met(&[*direction], class, after).is_none()) {
        return Ok(());
    }
    let shares = grants::unapproved(tx, before, policy.path.get(1).copied()).await?;
    let met = |share: &&Unapproved| policy.rule_met(&directions(&policy, share), class, after).is_some();
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

/// Returns the directions that a share may have, judging by its destination alone: who shared it, and when, no longer
/// counts.
fn directions(policy: &Effective, share: &Unapproved) -> Vec<Direction> {
    let own_home = matches!(policy.kind, ScopeKind::User | ScopeKind::Context);
    match share.kind {
        ScopeKind::Public => vec![Direction::Public],
        ScopeKind::User | ScopeKind::Context => match share.together || policy.path.len() == 1 {
            _ if own_home => vec![Direction::Across, Direction::Out],
            true => vec![Direction::Across],
            false => vec![Direction::Out],
        },
        _ if own_home => vec![Direction::Up, Direction::Across, Direction::Out],
        _ => vec![Direction::between(&policy.path, &share.path)],
    }
}

fn named(tx: &TenantTx<'_>, node: ScopeId) -> String {
    tx.caller().scope(node).map_or_else(|| "a node above".to_owned(), |node| node.label())
}
