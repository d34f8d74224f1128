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
use crate::ids::{ScopeId, UserId};
use crate::memory;
use crate::tenancy::policies::{self, ApprovalRule, Effective};

/// An item of some class that somebody will see, with the policy of its home.
#[derive(Debug)]
pub(super) struct Reach {
    policy: Effective,
    class: Classification,
    /// The role on which rules with `author_roles` depend.
    role: Option<Role>,
    pub(super) direction: Direction,
    audience: Audience,
    /// Whether it may go to other organizations: people who are named one by one see it there, and a context as such
    /// shows nothing besides what is in it.
    anywhere: bool,
}

/// Something that is to be seen by others.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// The policy of its home.
    pub(super) policy: Effective,
    pub(super) class: Classification,
    /// Who wrote it. For a context as such, and where only the home counts, the sharer.
    pub(super) author: UserId,
}

impl Reach {
    /// Returns everything that a share by this person would make visible to the grantee, the item itself first.
    pub(super) async fn of(
        tx: &TenantTx<'_>,
        sharer: &AuthContext,
        held: &Held,
        grantee: &Grantee,
    ) -> Result<Vec<Self>> {
        let item = Item::held(held, sharer);
        let mut itself = Self::between(tx, sharer, item.clone(), grantee).await?;
        match held.subject {
            Subject::Memory(_) if grantee.kind == ScopeKind::Context => {
                let mut reaches = vec![itself];
                for beyond in grantees::of_context(tx, grantee.scope).await? {
                    reaches.push(Self::between(tx, sharer, item.clone(), &beyond).await?);
                }
                if held.class == Classification::Public && memory::linked(tx, &[grantee.scope]).await? {
                    reaches.push(Self::by_link(tx, sharer, item).await?);
                }
                Ok(reaches)
            }
            Subject::Memory(_) => Ok(vec![itself]),
            Subject::Context(_) => {
                itself.anywhere = true;
                let mut reaches = vec![itself];
                for item in carried(tx, sharer, held.home).await? {
                    reaches.push(Self::between(tx, sharer, item, grantee).await?);
                }
                Ok(reaches)
            }
        }
    }

    /// Returns everything that a link would make visible to anyone, the item itself first. A context shows only what is
    /// public.
    pub(super) async fn of_link(tx: &TenantTx<'_>, held: &Held) -> Result<Vec<Self>> {
        let (sharer, item) = (tx.caller(), Item::held(held, tx.caller()));
        let Subject::Context(_) = held.subject else {
            return Ok(vec![Self::by_link(tx, sharer, item).await?]);
        };
        let itself = Item { class: Classification::Public, ..item };
        let mut reaches = vec![Self::by_link(tx, sharer, itself).await?];
        for item in carried(tx, sharer, held.home).await? {
            if item.class == Classification::Public {
                reaches.push(Self::by_link(tx, sharer, item).await?);
            }
        }
        Ok(reaches)
    }

    /// Returns the reach of an item to a grantee.
    pub(super) async fn between(
        tx: &TenantTx<'_>,
        sharer: &AuthContext,
        item: Item,
        grantee: &Grantee,
    ) -> Result<Self> {
        let Item { policy, class, author } = item;
        let home = policy.path.last().ok_or_else(|| Error::internal("a scope has no path"))?;
        let direction = direction::of(tx, *home, author, grantee.scope).await?;
        let role = policies::role_for(tx, &policy, sharer, author).await?;
        let (audience, anywhere) = (grantee.audience(), grantee.is_by_name());
        Ok(Self { policy, class, role, direction, audience, anywhere })
    }

    /// Returns the reach of an item through a link, to itself or to a context to which it is pinned.
    async fn by_link(tx: &TenantTx<'_>, sharer: &AuthContext, item: Item) -> Result<Self> {
        let Item { policy, class, author } = item;
        let role = policies::role_for(tx, &policy, sharer, author).await?;
        let (direction, audience) = (Direction::Public, Audience::Link);
        Ok(Self { policy, class, role, direction, audience, anywhere: false })
    }

    /// Refuses an audience that may not see this class.
    pub(super) fn check_class(&self) -> Result<()> {
        self.policy.check(self.class, self.audience)?;
        if self.policy.is_confined(self.class) && self.direction == Direction::Out && !self.anywhere {
            return Err(Error::Forbidden(format!(
                "{} memories may not be seen in another organization{}",
                self.class,
                if self.class < Classification::Confidential { " here" } else { "" }
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

impl Item {
    fn held(held: &Held, sharer: &AuthContext) -> Self {
        let author = held.author.unwrap_or(sharer.user_id());
        Self { policy: held.policy.clone(), class: held.class, author }
    }
}

/// Returns what is in a context, once for each home, class and author.
async fn carried(tx: &TenantTx<'_>, sharer: &AuthContext, context: ScopeId) -> Result<Vec<Item>> {
    let found = contexts::carried(tx, context).await?;
    let homes: Vec<ScopeId> = found.iter().map(|found| found.home).collect();
    let policies = policies::effective_of(tx, &homes).await?;
    let item = |found: contexts::Carried| {
        let policy = policies.get(&found.home)?.clone();
        let author = found.author.unwrap_or(sharer.user_id());
        Some(Item { policy, class: found.class, author })
    };
    Ok(found.into_iter().filter_map(item).collect())
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
