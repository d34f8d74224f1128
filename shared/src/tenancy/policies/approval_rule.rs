//! Rules for sharing that needs somebody else's approval.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::access::{Classification, Role};
use crate::error::{Error, Result};

/// The direction in which something is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To a node below its home.
    Down,
    /// To a node above its home. What is a person's own or in a context: to a node on which, above which or below which
    /// its author holds a role.
    Up,
    /// To a node beside its home, within the same organization.
    Across,
    /// To another organization, to a person who belongs to none of the same organizations, or to a context with such a
    /// person.
    Out,
    /// To everyone in the enterprise, or by a link to anybody.
    Public,
}

impl Direction {
    /// Every direction.
    pub const ALL: [Self; 5] = [Self::Down, Self::Up, Self::Across, Self::Out, Self::Public];

    /// The direction as requests and responses spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
            Self::Across => "across",
            Self::Out => "out",
            Self::Public => "public",
        }
    }
}

impl FromStr for Direction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|direction| direction.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("unknown direction {text:?}, expected one of {known}")
        })
    }
}

impl<'de> Deserialize<'de> for Direction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Sharing that matches all of these conditions needs an approval. An absent or empty condition matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// One of these directions.
    #[serde(default)]
    pub directions: Vec<Direction>,
    /// One of these classes.
    #[serde(default)]
    pub classifications: Vec<Classification>,
    /// The sharer's role at the memory's home is at most the highest of these; having no role there matches, too. For what
    /// is a person's own or in a context, the highest role of its author and of the sharer on any node.
    #[serde(default)]
    pub author_roles: Vec<Role>,
    /// The minimum role of an approver on the node: `admin` or `owner`.
    #[serde(default = "admin")]
    pub approver_role: Role,
    /// The time after which those above the node may decide, too.
    #[serde(default = "two_days")]
    pub escalate_after_hours: u32,
    /// The time after which nobody can decide any more.
    #[serde(default = "two_weeks")]
    pub expires_after_hours: u32,
}

fn admin() -> Role {
    Role::Admin
}

fn two_days() -> u32 {
    48
}

fn two_weeks() -> u32 {
    14 * 24
}

/// The maximum number of rules per node.
const MOST: usize = 20;

/// The maximum time for which a request can be open: a year.
const LONGEST_HOURS: u32 = 366 * 24;

impl ApprovalRule {
    pub(super) fn fits(&self, direction: Direction, class: Classification, role: Option<Role>) -> bool {
        (self.directions.is_empty() || self.directions.contains(&direction))
            && (self.classifications.is_empty() || self.classifications.contains(&class))
            && (self.author_roles.is_empty() || role <= self.author_roles.iter().max().copied())
    }
}

/// Refuses rules that could not be followed.
pub(super) fn check(rules: &[ApprovalRule]) -> Result<()> {
    if rules.len() > MOST {
        return Err(Error::invalid("approvals", format!("more than {MOST} rules")));
    }
    for (index, rule) in rules.iter().enumerate() {
        let field = |name: &str| format!("approvals[{index}].{name}");
        if rule.approver_role < Role::Admin {
            return Err(Error::invalid(field("approver_role"), "must be admin or owner"));
        }
        if !(1..=LONGEST_HOURS).contains(&rule.expires_after_hours) {
            let message = format!("must be from 1 to {LONGEST_HOURS}, found {}", rule.expires_after_hours);
            return Err(Error::invalid(field("expires_after_hours"), message));
        }
        if rule.escalate_after_hours > rule.expires_after_hours {
            return Err(Error::invalid(
                field("escalate_after_hours"),
                "must not be after expires_after_hours",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_fits_what_it_names_and_any_where_it_names_none() {
        let rule = |text: &str| serde_json::from_str::<ApprovalRule>(text).unwrap();
        let fits =
            |rule: &ApprovalRule, direction, role| rule.fits(direction, Classification::Internal, role);
        assert!(fits(&rule("{}"), Direction::Down, None));
        let out = rule(r#"{"directions": ["out", "public"], "author_roles": ["member"]}"#);
        assert!(fits(&out, Direction::Out, Some(Role::Member)));
        assert!(!fits(&out, Direction::Across, Some(Role::Member)));
        assert!(!fits(&out, Direction::Out, Some(Role::Admin)));
        assert!(fits(&out, Direction::Out, Some(Role::Viewer)), "who can do less is not trusted more");
        assert!(fits(&out, Direction::Out, None), "whoever has no role there is trusted least");
        assert!(!fits(&rule(r#"{"classifications": ["restricted"]}"#), Direction::Out, None));
    }

    #[test]
    fn rules_that_cannot_be_followed_are_refused() {
        let rule = |text: &str| vec![serde_json::from_str::<ApprovalRule>(text).unwrap()];
        assert!(check(&rule("{}")).is_ok());
        for wrong in [
            r#"{"approver_role": "member"}"#,
            r#"{"expires_after_hours": 0}"#,
            r#"{"expires_after_hours": 1}"#,
        ] {
            assert!(check(&rule(wrong)).is_err(), "{wrong}");
        }
    }
}
