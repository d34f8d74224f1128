//! The rules for which kinds of nodes may be placed below which, and how deep.
//!
//! Levels are counted from the enterprise, which is level 1; the lowest team can be at level 8, seven below it.

use crate::access::{ReadableScope, ScopeKind};
use crate::error::{Error, Result};

/// The deepest level. The schema enforces the same.
pub const MAX_LEVEL: usize = 8;

/// Whether a node of this kind may be placed directly below a parent of that kind.
#[must_use]
pub fn may_stand_below(kind: ScopeKind, parent: ScopeKind) -> bool {
    use ScopeKind::{Context, Department, Division, Enterprise, Organization, Public, Team, Unit, User};
    match kind {
        Organization => matches!(parent, Enterprise | Organization),
        Division | Department | Unit | Team => matches!(parent, Organization | Division | Department | Unit),
        Enterprise | User | Public | Context => false,
    }
}

/// Refuses a parent that the kind may not have.
pub(super) fn check_kind(kind: ScopeKind, parent: &ReadableScope) -> Result<()> {
    if may_stand_below(kind, parent.kind) {
        return Ok(());
    }
    if !kind.is_node() {
        return Err(Error::invalid("kind", "expected organization, division, department, unit or team"));
    }
    let parents: Vec<_> =
        ScopeKind::ALL.into_iter().filter(|other| may_stand_below(kind, *other)).map(a).collect();
    Err(Error::invalid("parent", format!("{} must be below {}", a(kind), either(&parents))))
}

/// Joins alternatives: `a team, a unit or a division`.
fn either(words: &[String]) -> String {
    match words {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        _ => words.concat(),
    }
}

/// The kind with its indefinite article.
pub(super) fn a(kind: ScopeKind) -> String {
    let vowel = kind.as_str().starts_with(['a', 'e', 'i', 'o']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

/// Refuses a parent if the lowest of `height` levels would be deeper than the deepest level, or than the plan allows.
pub(super) fn check_depth(parent: &ReadableScope, height: usize, plan: Option<usize>) -> Result<()> {
    let lowest = parent.path.len() + height;
    if let Some(most) = plan.filter(|most| lowest > *most) {
        return Err(Error::QuotaReached(format!(
            "the tree would be {lowest} levels deep, counting the enterprise; the plan allows {most}"
        )));
    }
    if lowest <= MAX_LEVEL {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "the tree would be {lowest} levels deep, counting the enterprise; it can have {MAX_LEVEL}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::SearchTier;
    use crate::ids::ScopeId;

    #[test]
    fn a_refusal_names_the_possible_parents() {
        let refused = |kind, parent| {
            let parent = ReadableScope {
                id: ScopeId(1),
                kind: parent,
                node: None,
                name: None,
                path: vec![ScopeId(1)],
                tier: SearchTier::Small,
                packed: false,
                role: None,
            };
            check_kind(kind, &parent).unwrap_err().to_string()
        };
        let team = refused(ScopeKind::Team, ScopeKind::Enterprise);
        assert!(
            team.ends_with("a team must be below an organization, a division, a department or a unit"),
            "{team}"
        );
        let organization = refused(ScopeKind::Organization, ScopeKind::Team);
        assert!(
            organization.ends_with("an organization must be below an enterprise or an organization"),
            "{organization}"
        );
    }

    #[test]
    fn teams_are_leaves_and_the_top_is_an_organization() {
        for kind in ScopeKind::ALL {
            assert!(!may_stand_below(kind, ScopeKind::Team), "{kind} below a team");
            let top = may_stand_below(kind, ScopeKind::Enterprise);
            assert_eq!(top, kind == ScopeKind::Organization, "{kind} below the enterprise");
            let placeable = ScopeKind::ALL.into_iter().any(|parent| may_stand_below(kind, parent));
            assert_eq!(placeable, kind.is_node(), "{kind} somewhere");
        }
    }
}
