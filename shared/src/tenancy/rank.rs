//! The rule of rank: nobody grants more than they hold, or acts on anyone who holds more.

use super::locked::Locked;
use crate::access::{AuthContext, Classification, ReadableScope, Role};
use crate::error::{Error, Result};
use crate::ids::{GroupId, UserId};

/// Refuses a role above the caller's own on that scope.
pub(super) fn may_grant(scope: &ReadableScope, role: Role) -> Result<()> {
    if Some(role) <= scope.role {
        return Ok(());
    }
    Err(Error::Forbidden(match scope.role {
        Some(own) => format!("you are {own} of {}, only {role} and above can grant {role}", scope.in_words()),
        None => format!("you hold no role on {}, and cannot grant any", scope.in_words()),
    }))
}

/// Refuses to let anybody into a node through a credential with a ceiling: they would read there what it must not show.
pub(super) fn may_let_in(caller: &AuthContext) -> Result<()> {
    may_show_all(caller, "gives no roles")
}

/// Refuses to hand what is in a scope to others through a credential with a ceiling, for the same reason. `refrains` says
/// what the credential does not do.
pub(crate) fn may_show_all(caller: &AuthContext, refrains: &str) -> Result<()> {
    let ceiling = caller.ceiling();
    if ceiling == Classification::Restricted {
        return Ok(());
    }
    Err(Error::Forbidden(format!(
        "this credential reaches {ceiling} memories at most, and cannot let others read more: it {refrains}"
    )))
}

/// Refuses if the other user holds more than the caller on that scope.
pub(super) fn may_touch(scope: &ReadableScope, other: Option<Role>) -> Result<()> {
    if other <= scope.role {
        return Ok(());
    }
    Err(Error::Forbidden(format!("this concerns somebody whose role on {} is above yours", scope.in_words())))
}

/// A group or account whose roles the caller would let others use.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holder {
    /// A group; its members get its roles.
    Group(GroupId),
    /// A service account; whoever has one of its keys gets its roles.
    Account(UserId),
    /// A person; whoever may choose their password gets their roles. Those on contexts do not count: nobody outside of a
    /// context holds one there, and somebody has to be able to help.
    Person(UserId),
}

/// Refuses unless the caller's own role is at least as high wherever the holder has a role: adding somebody to a group,
/// or creating a key for an account, grants all of its roles at once.
pub(super) async fn covers(tree: &Locked<'_, '_>, holder: Holder) -> Result<()> {
    const EXCEEDS: &str = "-- rank.exceeds
        SELECT EXISTS (
            SELECT FROM (SELECT r.scope_id, r.role FROM group_roles r WHERE r.enterprise_id = $1 AND r.group_id = $3
                          UNION ALL
                         SELECT h.scope_id, h.role FROM mem0.held_roles h WHERE h.enterprise_id = $1 AND h.user_id = $4)
                        held
              JOIN scopes s ON s.enterprise_id = $1 AND s.id = held.scope_id
             WHERE NOT ($6 AND s.kind = 'context') AND NOT coalesce(held.role <= (SELECT max(m.role) FROM mem0.held_roles m
                                               WHERE m.enterprise_id = $1 AND m.user_id = $2
                                                 AND m.scope_id = ANY (s.path))
                                AND ($5::bigint[] IS NULL OR s.path && $5), false))";
    let caller = tree.caller();
    let (enterprise, own) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let (group, account) = match holder {
        Holder::Group(id) => (Some(id.uuid()), None),
        Holder::Account(id) | Holder::Person(id) => (None, Some(id.uuid())),
    };
    let person = matches!(holder, Holder::Person(_));
    let within = caller.within();
    let row = tree.query_one(EXCEEDS, &[&enterprise, &own, &group, &account, &within, &person]).await?;
    if !row.get::<_, bool>(0) {
        return Ok(());
    }
    let what = match holder {
        Holder::Group(_) => "group",
        Holder::Account(_) | Holder::Person(_) => "account",
    };
    Err(Error::Forbidden(format!("this {what} holds a role somewhere that is above yours there")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{ScopeKind, SearchTier};
    use crate::ids::ScopeId;

    fn scope(role: Option<Role>) -> ReadableScope {
        let (id, kind, tier) = (ScopeId(1), ScopeKind::Enterprise, SearchTier::Small);
        ReadableScope { id, kind, node: None, name: None, path: vec![id], tier, packed: false, role }
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
