//! Rules about approvals that are about classes, when a memory gets another class: it is no way around them.
//!
//! Taking it out from under such a rule is for those who decide by it. Bringing it under one asks for the agreement to what it is
//! shared with already: those shares end first, and are asked for anew.

use crate::access::{Classification, ScopeKind, TenantTx};
use crate::error::{Error, Result};
use crate::ids::ScopeId;
use crate::memory::store::grants::{self, Unapproved};
use crate::memory::{Memory, classify};
use crate::tenancy::policies::{Direction, Effective};

/// So many shares are named that have to end.
const NAMED: usize = 20;

/// Refuses another class where a rule is about the one or the other.
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
    // Most have no rules.
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

/// The ways that a share may go, as far as its place tells: who shared it when is not asked any more.
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
