//! The policy that applies at a scope.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::{ApprovalRule, Direction, SharingPolicy, store};
use crate::access::{Audience, Classification, Role, ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::error::{Error, Result};
use crate::ids::ScopeId;

/// The combined policies of the nodes on a scope's path.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// The kind of the scope.
    pub kind: ScopeKind,
    /// Ancestors from the enterprise down to the scope itself.
    pub path: Vec<ScopeId>,
    default: Classification,
    /// Indexed by class, in the order of [`Classification::ALL`].
    audiences: [Audience; 4],
    /// What nodes narrow, in order from the enterprise down.
    limits: Vec<(ScopeId, Classification, Audience)>,
    /// In order from the enterprise down.
    approvals: Vec<(ScopeId, ApprovalRule)>,
}

/// Returns the policy that applies at a scope; `None` if the scope no longer exists.
pub async fn effective(tx: &TenantTx<'_>, scope: ScopeId) -> Result<Option<Effective>, StoreError> {
    Ok(store::over(tx, &[scope]).await?.remove(&scope))
}

/// Does the same for several scopes at once.
pub async fn effective_of(
    tx: &TenantTx<'_>,
    scopes: &[ScopeId],
) -> Result<HashMap<ScopeId, Effective>, StoreError> {
    store::over(tx, scopes).await
}

impl Effective {
    /// Combines policies, which are given from the enterprise down.
    pub(super) fn new<'a>(
        kind: ScopeKind,
        path: Vec<ScopeId>,
        policies: impl IntoIterator<Item = &'a (ScopeId, SharingPolicy)>,
    ) -> Self {
        let mut effective = Self {
            kind,
            path,
            default: Classification::DEFAULT,
            audiences: Classification::ALL.map(Classification::widest_audience),
            limits: Vec::new(),
            approvals: Vec::new(),
        };
        for (node, policy) in policies {
            effective.default = policy.default_classification.unwrap_or(effective.default);
            for (class, audience) in &policy.audiences {
                let known = &mut effective.audiences[*class as usize];
                if *audience < *known {
                    *known = *audience;
                    effective.limits.push((*node, *class, *audience));
                }
            }
            effective.approvals.extend(policy.approvals.iter().map(|rule| (*node, rule.clone())));
        }
        effective
    }

    /// Whether the scope is a person's own or a context, outside of the tree.
    #[must_use]
    pub fn is_of_people(&self) -> bool {
        matches!(self.kind, ScopeKind::User | ScopeKind::Context)
    }

    /// Whether a rule depends on roles.
    pub(super) fn asks_for_roles(&self) -> bool {
        self.approvals.iter().any(|(_, rule)| !rule.author_roles.is_empty())
    }

    /// Whether what has this class stays in one organization, where people who are named one by one do not count.
    #[must_use]
    pub fn is_confined(&self, class: Classification) -> bool {
        self.audience(class) <= Audience::Organization
    }

    /// The widest audience of a class here.
    #[must_use]
    pub fn audience(&self, class: Classification) -> Audience {
        self.audiences[class as usize]
    }

    /// The class of memories added here without one: the default, or else the highest class below it that this scope
    /// may hold.
    #[must_use]
    pub fn default_class(&self) -> Classification {
        let holds = |class: &Classification| self.audience(*class) >= Audience::from(self.kind);
        let below = Classification::ALL.into_iter().rev().filter(|class| *class <= self.default);
        below.into_iter().find(holds).unwrap_or(Classification::Public)
    }

    /// Refuses a class that this audience may not see.
    pub fn check(&self, class: Classification, audience: Audience) -> Result<()> {
        let widest = self.audience(class);
        if audience <= widest {
            return Ok(());
        }
        Err(Error::Forbidden(format!(
            "{class} memories may not be seen beyond {} here, and this would show it to {}",
            widest.in_words(),
            audience.in_words()
        )))
    }

    /// Returns the class of a memory to be added here: the requested one or the default.
    pub fn class_of_new(
        &self,
        asked: Option<Classification>,
        ceiling: Classification,
    ) -> Result<Classification> {
        let class = asked.unwrap_or_else(|| self.default_class());
        within(class, ceiling)?;
        self.check(class, self.kind.into())?;
        Ok(class)
    }

    /// Returns the rule that requires an approval for this sharing, and its node: the topmost match, so that no node
    /// can loosen the rules of those above it. Of several rules of that node, the one with the highest role decides, so
    /// that adding a rule loosens no other.
    #[must_use]
    pub fn rule_for(
        &self,
        direction: Direction,
        class: Classification,
        role: Option<Role>,
    ) -> Option<(ScopeId, ApprovalRule)> {
        self.strictest(|rule| rule.fits(direction, class, role)).cloned()
    }

    /// Returns the topmost rule that covers one class and not the other: its node and the role of its approvers.
    #[must_use]
    pub fn rule_left(&self, class: Classification, other: Classification) -> Option<(ScopeId, Role)> {
        let leaves = |rule: &ApprovalRule| {
            rule.classifications.contains(&class) && !rule.classifications.contains(&other)
        };
        self.strictest(leaves).map(|(node, rule)| (*node, rule.approver_role))
    }

    fn strictest(&self, fits: impl Fn(&ApprovalRule) -> bool) -> Option<&(ScopeId, ApprovalRule)> {
        let fitting: Vec<_> = self.approvals.iter().filter(|(_, rule)| fits(rule)).collect();
        let top = fitting.first()?.0;
        let of_top = fitting.into_iter().filter(|(node, _)| *node == top);
        of_top.min_by_key(|(_, rule)| Reverse(rule.approver_role))
    }

    /// Returns the topmost node that lets fewer people see one class than may see the other here, and how many at most.
    #[must_use]
    pub fn limit_left(&self, class: Classification, other: Classification) -> Option<(ScopeId, Audience)> {
        let wider = self.audience(other);
        let mut limits = self.limits.iter().filter(|(_, limited, most)| *limited == class && *most < wider);
        limits.next().map(|(node, _, most)| (*node, *most))
    }

    /// Returns the nodes whose rules would no longer apply to something that moves there, each with the highest role that
    /// one of its rules names.
    pub(crate) fn rules_left(&self, there: &Self) -> impl Iterator<Item = (ScopeId, Role)> {
        let left = self.approvals.iter().filter(|(node, _)| !there.path.contains(node));
        left.map(|(node, rule)| (*node, rule.approver_role))
    }

    /// Returns the node whose rule requires an approval for sharing in a direction after a change of class; `None` if an
    /// approval was already required before.
    #[must_use]
    pub fn rule_met(
        &self,
        direction: Direction,
        before: Classification,
        after: Classification,
    ) -> Option<ScopeId> {
        let asks = |class| self.rule_for(direction, class, None);
        if asks(before).is_some() { None } else { asks(after).map(|(node, _)| node) }
    }

    /// Returns the topmost node whose approval rules apply here and not there: a memory that moves there would escape
    /// them.
    #[must_use]
    pub fn ruled_only_here(&self, there: &Self) -> Option<ScopeId> {
        let rules_there = |node: &ScopeId| there.approvals.iter().any(|(other, _)| other == node);
        self.approvals.iter().map(|(node, _)| *node).find(|node| !rules_there(node))
    }

    /// Returns the topmost node with a rule that applies to what somebody with the first role shares here, and not to
    /// what somebody with the second shares from elsewhere.
    #[must_use]
    pub(crate) fn ruled_only_as(&self, here: Option<Role>, there: Option<Role>) -> Option<ScopeId> {
        let left = |rule: &ApprovalRule| {
            let most = rule.author_roles.iter().max().copied();
            most.is_some() && here <= most && there > most
        };
        self.approvals.iter().find(|(_, rule)| left(rule)).map(|(node, _)| *node)
    }

    /// Returns a class that more people may see there than here: a memory that moves there would escape the limit.
    #[must_use]
    pub fn narrower_than(&self, there: &Self) -> Option<Classification> {
        Classification::ALL.into_iter().find(|class| self.audience(*class) < there.audience(*class))
    }

    /// The same as a single policy.
    pub(super) fn as_policy(&self) -> SharingPolicy {
        SharingPolicy {
            default_classification: Some(self.default),
            audiences: Classification::ALL.into_iter().zip(self.audiences).collect(),
            approvals: self.approvals.iter().map(|(_, rule)| rule.clone()).collect(),
        }
    }
}

/// Refuses a class above the caller's ceiling: they could not see the result.
pub fn within(class: Classification, ceiling: Classification) -> Result<()> {
    if class <= ceiling {
        return Ok(());
    }
    Err(Error::Forbidden(format!(
        "this credential reaches {ceiling} memories at most, and cannot make one {class}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(default: Option<Classification>, audiences: &[(Classification, Audience)]) -> SharingPolicy {
        SharingPolicy {
            default_classification: default,
            audiences: audiences.iter().copied().collect(),
            approvals: Vec::new(),
        }
    }

    fn at(kind: ScopeKind, policies: &[SharingPolicy]) -> Effective {
        let policies: Vec<_> = policies.iter().map(|policy| (ScopeId(1), policy.clone())).collect();
        Effective::new(kind, vec![ScopeId(1)], &policies)
    }

    #[test]
    fn the_nearest_default_and_the_narrowest_audience_hold() {
        use {Audience as A, Classification as C};
        let above =
            policy(Some(C::Confidential), &[(C::Internal, A::Organization), (C::Restricted, A::Person)]);
        let below = policy(Some(C::Internal), &[(C::Internal, A::Enterprise), (C::Restricted, A::Team)]);
        let found = at(ScopeKind::Team, &[above.clone(), below]);
        assert_eq!(found.default_class(), C::Internal);
        assert_eq!(found.audience(C::Internal), A::Organization);
        assert_eq!(found.audience(C::Restricted), A::Person);
        assert!(found.check(C::Restricted, A::Team).is_err());
        assert_eq!(at(ScopeKind::Team, &[above]).default_class(), C::Confidential);
    }

    #[test]
    fn a_default_is_what_the_scope_may_hold() {
        assert_eq!(at(ScopeKind::Public, &[]).default_class(), Classification::Public);
        assert_eq!(at(ScopeKind::Enterprise, &[]).default_class(), Classification::Internal);
        let secret = policy(Some(Classification::Restricted), &[]);
        assert_eq!(
            at(ScopeKind::User, std::slice::from_ref(&secret)).default_class(),
            Classification::Restricted
        );
        assert_eq!(at(ScopeKind::Organization, &[secret]).default_class(), Classification::Confidential);
    }

    #[test]
    fn a_limit_is_narrower_than_none() {
        use {Audience as A, Classification as C};
        let limited = at(ScopeKind::Team, &[policy(None, &[(C::Internal, A::Team)])]);
        let free = at(ScopeKind::User, &[]);
        assert_eq!(limited.narrower_than(&free), Some(C::Internal));
        assert_eq!(free.narrower_than(&limited), None);
        assert_eq!(limited.narrower_than(&limited), None);
    }

    #[test]
    fn an_audience_of_an_organization_confines_a_class_to_one() {
        use {Audience as A, Classification as C};
        let free = at(ScopeKind::Team, &[]);
        assert!(!free.is_confined(C::Internal) && free.is_confined(C::Confidential));
        for (audience, confined) in [(A::Team, true), (A::Organization, true), (A::Enterprise, false)] {
            let limited = at(ScopeKind::Team, &[policy(None, &[(C::Internal, audience)])]);
            assert_eq!(limited.is_confined(C::Internal), confined, "{audience:?}");
        }
    }

    #[test]
    fn a_rule_about_roles_is_left_with_a_higher_one() {
        let rules = serde_json::from_str(r#"{"approvals": [{"author_roles": ["member"]}]}"#).unwrap();
        let ruled = at(ScopeKind::Team, &[rules]);
        let left = |here, there| ruled.ruled_only_as(here, there).is_some();
        assert!(left(Some(Role::Member), Some(Role::Admin)) && left(None, Some(Role::Owner)));
        assert!(!left(Some(Role::Member), Some(Role::Viewer)) && !left(Some(Role::Admin), Some(Role::Owner)));
        assert!(at(ScopeKind::Team, &[]).ruled_only_as(None, Some(Role::Owner)).is_none());
    }

    #[test]
    fn a_class_that_more_people_may_see_leaves_a_limit() {
        use {Audience as A, Classification as C};
        let limit = |node, audience| (ScopeId(node), policy(None, &[(C::Internal, audience)]));
        let policies = [limit(1, A::Organization), limit(2, A::Enterprise), limit(3, A::Team)];
        let team = Effective::new(ScopeKind::Team, vec![ScopeId(1), ScopeId(2), ScopeId(3)], &policies);
        assert_eq!(team.limit_left(C::Internal, C::Public), Some((ScopeId(1), A::Organization)));
        assert_eq!(team.limit_left(C::Internal, C::Confidential), Some((ScopeId(3), A::Team)));
        assert_eq!(team.limit_left(C::Internal, C::Restricted), None);
        assert_eq!(team.limit_left(C::Confidential, C::Public), None, "nobody narrowed that");
    }

    #[test]
    fn nothing_is_made_that_its_maker_could_not_see() {
        let team = at(ScopeKind::Team, &[]);
        let made = |asked, ceiling| team.class_of_new(asked, ceiling);
        assert_eq!(made(None, Classification::Restricted).unwrap(), Classification::Internal);
        assert!(made(Some(Classification::Restricted), Classification::Internal).is_err());
        assert!(made(None, Classification::Public).is_err());
    }
}
