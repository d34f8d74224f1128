//! Whom a share reaches, memory by memory. What is shared with a context goes on to whomever that is shared with; and a
//! context carries what is pinned to it, each under the rules of its own home: neither is a way around them.

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

/// Something of a class that will be seen by somebody, and what holds where it lives.
#[derive(Debug)]
pub(super) struct Reach {
    policy: Effective,
    class: Classification,
    /// Of who shares it, where it lives.
    role: Option<Role>,
    pub(super) direction: Direction,
    audience: Audience,
    by_name: bool,
}

impl Reach {
    /// Everything that a share by this person would let somebody see, itself first.
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
                for (home, class) in contexts::homes(tx, held.home).await? {
                    if let Some(policy) = policies::effective(tx, home).await? {
                        reaches.push(Self::between(tx, sharer, policy, class, grantee).await?);
                    }
                }
            }
        }
        Ok(reaches)
    }

    /// Everything that a link to it would let anybody see, itself first: of a context it shows only what is public.
    pub(super) async fn of_link(tx: &TenantTx<'_>, held: &Held) -> Result<Vec<Self>> {
        let Subject::Context(_) = held.subject else {
            return Ok(vec![Self::by_link(tx.caller(), held.policy.clone(), held.class)]);
        };
        let mut reaches = vec![Self::by_link(tx.caller(), held.policy.clone(), Classification::Public)];
        for (home, class) in contexts::homes(tx, held.home).await? {
            if class == Classification::Public
                && let Some(policy) = policies::effective(tx, home).await?
            {
                reaches.push(Self::by_link(tx.caller(), policy, class));
            }
        }
        Ok(reaches)
    }

    /// Whoever comes to be among those whom something is shared with.
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

    /// Whoever has a link, to itself or to the context that it is pinned to.
    fn by_link(sharer: &AuthContext, policy: Effective, class: Classification) -> Self {
        let role = role_at(sharer, &policy);
        let (direction, audience) = (Direction::Public, Audience::Link);
        Self { policy, class, role, direction, audience, by_name: false }
    }

    /// Refuses somebody who may not see what is of this class.
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

    /// The rule by which others have to agree. What lives in the public scope is for everyone already, by links as well.
    pub(super) fn rule(&self) -> Option<(ScopeId, ApprovalRule)> {
        if self.policy.kind == ScopeKind::Public && self.audience == Audience::Link {
            return None;
        }
        self.policy.rule_for(self.direction, self.class, self.role)
    }
}

/// What somebody is where something lives.
fn role_at(sharer: &AuthContext, policy: &Effective) -> Option<Role> {
    policy.path.last().and_then(|home| sharer.scope(*home)).and_then(|home| home.role)
}

/// The rules by which others have to agree, one for each node whose people that are; none: nobody has to.
pub(super) fn rules_of(reaches: &[Reach]) -> Vec<(ScopeId, ApprovalRule)> {
    let mut rules: Vec<(ScopeId, ApprovalRule)> = Vec::new();
    for (node, rule) in reaches.iter().filter_map(Reach::rule) {
        match rules.iter_mut().find(|(known, _)| *known == node) {
            // Two rules of one node: whoever decides has what either asks for.
            Some((_, known)) => known.approver_role = known.approver_role.max(rule.approver_role),
            None => rules.push((node, rule)),
        }
    }
    rules
}
