//! The people whom a share reaches, memory by memory. What is shared with a context also reaches those with whom the
//! context is shared; and a context carries its pinned memories, each under the rules of its own home. Neither way
//! bypasses the rules.

use super::authority::Held;
use super::direction::{self, Way};
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
        match held.subject {
            Subject::Memory(_) if grantee.kind == ScopeKind::Context => {
                let beyond = grantees::of_context(tx, grantee.scope).await?;
                let all = std::iter::once(grantee).chain(&beyond);
                let all = all.map(|grantee| (item.clone(), grantee)).collect();
                let mut reaches = Self::of_each(tx, sharer, all).await?;
                if held.class == Classification::Public && memory::linked(tx, &[grantee.scope]).await? {
                    reaches.extend(Self::by_links(tx, sharer, vec![item]).await?);
                }
                Ok(reaches)
            }
            Subject::Memory(_) => Self::of_each(tx, sharer, vec![(item, grantee)]).await,
            Subject::Context(_) => {
                let mut items = vec![item];
                items.extend(carried(tx, sharer, held.home).await?);
                let items = items.into_iter().map(|item| (item, grantee)).collect();
                let mut reaches = Self::of_each(tx, sharer, items).await?;
                if let Some(itself) = reaches.first_mut() {
                    itself.anywhere = true;
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
            return Self::by_links(tx, sharer, vec![item]).await;
        };
        let mut items = vec![Item { class: Classification::Public, ..item }];
        let carried = carried(tx, sharer, held.home).await?;
        items.extend(carried.into_iter().filter(|item| item.class == Classification::Public));
        Self::by_links(tx, sharer, items).await
    }

    /// Returns the reach of each item to its grantee, in the given order.
    pub(super) async fn of_each(
        tx: &TenantTx<'_>,
        sharer: &AuthContext,
        items: Vec<(Item, &Grantee)>,
    ) -> Result<Vec<Self>> {
        let way = |(item, grantee): &(Item, &Grantee)| {
            let home = item.policy.path.last().ok_or_else(|| Error::internal("a scope has no path"))?;
            Ok((*home, item.author, grantee.scope))
        };
        let ways: Vec<Way> = items.iter().map(way).collect::<Result<_>>()?;
        let directions = direction::of_each(tx, &ways).await?;
        let things: Vec<_> = items.iter().map(|(item, _)| (&item.policy, item.author)).collect();
        let roles = policies::roles_for(tx, sharer, &things).await?;
        let reach = |(((item, grantee), direction), role): (((Item, &Grantee), Direction), Option<Role>)| {
            let Item { policy, class, .. } = item;
            let (audience, anywhere) = (grantee.audience(), grantee.is_by_name());
            Self { policy, class, role, direction, audience, anywhere }
        };
        Ok(items.into_iter().zip(directions).zip(roles).map(reach).collect())
    }

    /// Returns the reach of each item through a link, to itself or to a context to which it is pinned.
    async fn by_links(tx: &TenantTx<'_>, sharer: &AuthContext, items: Vec<Item>) -> Result<Vec<Self>> {
        let things: Vec<_> = items.iter().map(|item| (&item.policy, item.author)).collect();
        let roles = policies::roles_for(tx, sharer, &things).await?;
        let reach = |(Item { policy, class, .. }, role)| {
            let (direction, audience) = (Direction::Public, Audience::Link);
            Self { policy, class, role, direction, audience, anywhere: false }
        };
        Ok(items.into_iter().zip(roles).map(reach).collect())
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
