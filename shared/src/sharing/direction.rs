//! The direction of a share, on which approval rules depend.

use super::grantee::Grantee;
use super::store::grantees;
use crate::access::{AuthContext, ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::ids::ScopeId;
use crate::tenancy::policies::Direction;

/// Returns the direction of a share from a scope to a grantee, if made by this person.
pub(super) async fn of(
    tx: &TenantTx<'_>,
    sharer: &AuthContext,
    home: &[ScopeId],
    home_kind: ScopeKind,
    grantee: &Grantee,
) -> Result<Direction, StoreError> {
    if grantee.kind == ScopeKind::Public {
        return Ok(Direction::Public);
    }
    // The public scope is visible to everyone already.
    if home_kind == ScopeKind::Public {
        return Ok(Direction::Down);
    }
    let own_home = matches!(home_kind, ScopeKind::User | ScopeKind::Context);
    let by_name = grantee.is_by_name();
    if !own_home && !by_name {
        return Ok(Direction::between(home, &grantee.path));
    }
    // A scope that they can read is one that they belong to or are above.
    if own_home && !by_name && sharer.scope(grantee.scope).is_some() {
        return Ok(Direction::Up);
    }
    // A person belongs to every organization in which they hold a role.
    let ours = match own_home {
        true => grantees::organizations(tx, sharer.user_id()).await?,
        false => home.get(1).copied().into_iter().collect(),
    };
    let everywhere = !own_home && home.len() == 1;
    let together = match by_name {
        true => everywhere || grantees::belong_to(tx, grantee.scope, &ours).await?,
        false => grantee.path.get(1).is_some_and(|top| ours.contains(top)),
    };
    Ok(if together { Direction::Across } else { Direction::Out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_follow_the_tree() {
        let between = |home: &[i64], to: &[i64]| {
            let ids = |path: &[i64]| path.iter().copied().map(ScopeId).collect::<Vec<_>>();
            Direction::between(&ids(home), &ids(to))
        };
        assert_eq!(between(&[1, 2, 3, 4], &[1, 2]), Direction::Up);
        assert_eq!(between(&[1, 2, 3, 4], &[1]), Direction::Up);
        assert_eq!(between(&[1, 2], &[1, 2, 3]), Direction::Down);
        assert_eq!(between(&[1, 2, 3], &[1, 2, 4]), Direction::Across);
        assert_eq!(between(&[1, 2, 3], &[1, 5]), Direction::Out);
        assert_eq!(between(&[1], &[1, 5]), Direction::Down);
    }
}
