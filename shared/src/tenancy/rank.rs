//! The rule of rank: nobody hands out more than they hold, nor touches whoever holds more.

use crate::access::{ReadableScope, Role};
use crate::error::{Error, Result};

/// Refuses a role above the caller's own on that scope.
pub(super) fn may_grant(scope: &ReadableScope, role: Role) -> Result<()> {
    if Some(role) <= scope.role {
        return Ok(());
    }
    Err(Error::Forbidden(match scope.role {
        Some(own) => format!("you are {own} of {}, only {role} and above can grant {role}", scope.label()),
        None => format!("you hold no role on {}, and cannot grant any", scope.label()),
    }))
}

/// Refuses when the other holds more than the caller on that scope.
pub(super) fn may_touch(scope: &ReadableScope, other: Option<Role>) -> Result<()> {
    if other <= scope.role {
        return Ok(());
    }
    Err(Error::Forbidden(format!("this concerns somebody whose role on {} is above yours", scope.label())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{ScopeKind, SearchTier};
    use crate::ids::ScopeId;

    fn scope(role: Option<Role>) -> ReadableScope {
        let (id, kind, tier) = (ScopeId(1), ScopeKind::Enterprise, SearchTier::Small);
        ReadableScope { id, kind, node: None, name: None, path: vec![id], tier, role }
    }

    #[test]
    fn roles_are_granted_up_to_ones_own() {
        for own in Role::ALL {
            for role in Role::ALL {
                assert_eq!(may_grant(&scope(Some(own)), role).is_ok(), role <= own, "{own} grants {role}");
                assert_eq!(may_touch(&scope(Some(own)), Some(role)).is_ok(), role <= own, "{own} on {role}");
            }
            assert!(may_touch(&scope(Some(own)), None).is_ok());
            assert!(may_touch(&scope(None), Some(own)).is_err());
            assert!(may_grant(&scope(None), own).is_err());
        }
    }
}
