//! The people whom a share reaches, memory by memory. What is shared with a context also reaches those with whom the
//! context is shared; and a context carries its pinned memories, each under the rules of its own home. Neither way
//! bypasses the rules.

use super::authority::Held;
use super::direction;
use super::grantee::Grantee;
use super::store::{contexts, grantees};
use super::{Direction, Subject};
use crate::access::{Audience, AuthContext, Classification, Role, ScopeKind, TenantTx};
use crate::error::{Error, Result};
use crate::ids::ScopeId;
use crate::memory;
use crate::tenancy::policies::{self, ApprovalRule, Effective};

/// An item of some class that somebody will see, with the policy of its home.
#[derive(Debug)]
pub(super) struct Reach {
    policy: Effective,
    class: Classification,
    /// The sharer's role in its home.
    role: Option<Role>,
    pub(super) direction: Direction,
    audience: Audience,
    by_name: bool,
}

impl Reach {
    /// Returns everything that a share by this person would make visible to the grantee, the item itself first.
    pub(super) async fn of(
        tx: &TenantTx<'_>,
        sharer: &AuthContext,
        held: &Held,
        grantee: &Grantee,
    ) -> Result<Vec<Self>> {
        let itself = Self::between(tx, sharer, held.policy.clone(), held.class, grantee).await?;
        let mut reaches = vec![itself];
        match held.subject {
            Subject::Memory(_) if grantee.kind == ScopeKind::Context => {
                for beyond in grantees::of_context(tx, grantee.scope).await? {
                    let policy = held.policy.clone();
                    reaches.push(Self::between(tx, sharer, policy, held.class, &beyond).await?);
                }
                if held.class == Classification::Public && memory::linked(tx, &[grantee.scope]).await? {
                    reaches.push(Self::by_link(sharer, held.policy.clone(), held.class));
                }
            }
            Subject::Memory(_) => {}
            Subject::Context(_) => {
                for (policy, class) in carried(tx, held.home).await? {
                    reaches.push(Self::between(tx, sharer, policy, class, grantee).await?);
                }
            }
        }
        Ok(reaches)
    }

    /// Returns everything that a link would make visible to anyone, the item itself first. A context shows only what is
    /// public.
    pub(super) async fn of_link(tx: &TenantTx<'_>, held: &Held) -> Result<Vec<Self>> {
        let Subject::Context(_) = held.subject else {
            return Ok(vec![Self::by_link(tx.caller(), held.policy.clone(), held.class)]);
        };
        let mut reaches = vec![Self::by_link(tx.caller(), held.policy.clone(), Classification::Public)];
        let public = carried(tx, held.home).await?.into_iter();
        let public = public.filter(|(_, class)| *class == Classification::Public);
        reaches.extend(public.map(|(policy, class)| Self::by_link(tx.caller(), policy, class)));
        Ok(reaches)
    }

    /// Returns the reach of an item to a grantee.
    pub(super) async fn between(
        tx: &TenantTx<'_>,
        sharer: &AuthContext,
        policy: Effective,
        class: Classification,
        grantee: &Grantee,
    ) -> Result<Self> {
        let direction = direction::of(tx, sharer, &policy.path, policy.kind, grantee).await?;
        let role = role_at(sharer, &policy);
        let (audience, by_name) = (grantee.audience(), grantee.is_by_name());
        Ok(Self { policy, class, role, direction, audience, by_name })
    }

    /// Returns the reach of an item through a link, to itself or to a context to which it is pinned.
    fn by_link(sharer: &AuthContext, policy: Effective, class: Classification) -> Self {
        let role = role_at(sharer, &policy);
        let (direction, audience) = (Direction::Public, Audience::Link);
        Self { policy, class, role, direction, audience, by_name: false }
    }

    /// Refuses an audience that may not see this class.
    pub(super) fn check_class(&self) -> Result<()> {
        self.policy.check(self.class, self.audience)?;
        if self.class >= Classification::Confidential && self.direction == Direction::Out && !self.by_name {
            return Err(Error::Forbidden(format!(
                "{} memories may not be seen in another organization",
                self.class
            )));
        }
        Ok(())
    }

    /// Returns the rule that requires somebody else's approval. The public scope is visible to everyone already,
    /// including through links.
    pub(super) fn rule(&self) -> Option<(ScopeId, ApprovalRule)> {
        if self.policy.kind == ScopeKind::Public && self.audience == Audience::Link {
            return None;
        }
        self.policy.rule_for(self.direction, self.class, self.role)
    }
}

/// Returns the policies of the homes of what is in a context, each with the classes of what lives there.
async fn carried(tx: &TenantTx<'_>, context: ScopeId) -> Result<Vec<(Effective, Classification)>> {
    let homes = contexts::homes(tx, context).await?;
    let ids: Vec<ScopeId> = homes.iter().map(|(home, _)| *home).collect();
    let policies = policies::effective_of(tx, &ids).await?;
    let policy_of = |(home, class): (ScopeId, _)| Some((policies.get(&home)?.clone(), class));
    Ok(homes.into_iter().filter_map(policy_of).collect())
}

/// Returns the sharer's role in the home of an item.
fn role_at(sharer: &AuthContext, policy: &Effective) -> Option<Role> {
    policy.path.last().and_then(|home| sharer.scope(*home)).and_then(|home| home.role)
}

/// Returns the rules that require approval, one for each deciding node; empty if nobody has to agree.
pub(super) fn rules_of(reaches: &[Reach]) -> Vec<(ScopeId, ApprovalRule)> {
    let mut rules: Vec<(ScopeId, ApprovalRule)> = Vec::new();
    for (node, rule) in reaches.iter().filter_map(Reach::rule) {
        match rules.iter_mut().find(|(known, _)| *known == node) {
            // With two rules of one node, the decider must satisfy both.
            Some((_, known)) => known.approver_role = known.approver_role.max(rule.approver_role),
            None => rules.push((node, rule)),
        }
    }
    rules
}
