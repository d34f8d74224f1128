//! Which way something goes when it is shared: what approvals are made to depend on.

use super::grantee::Grantee;
use super::store::grantees;
use crate::access::{AuthContext, ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::ids::ScopeId;
use crate::tenancy::policies::Direction;

/// From a scope to somebody, when this person shares it.
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
    let own_home = matches!(home_kind, ScopeKind::User | ScopeKind::Context);
    if let Some(person) = grantee.person {
        // Somebody belongs to the organizations in which they hold any role.
        let theirs = grantees::organizations(tx, person).await?;
        let ours = match own_home {
            true => grantees::organizations(tx, sharer.user_id()).await?,
            false => home.get(1).copied().into_iter().collect(),
        };
        let everywhere = !own_home && home.len() == 1;
        let together = everywhere || ours.iter().any(|one| theirs.contains(one));
        return Ok(if together { Direction::Across } else { Direction::Out });
    }
    if grantee.kind == ScopeKind::Context {
        return Ok(Direction::Across);
    }
    if own_home {
        // What they can read, they belong to, or stand above.
        if sharer.scope(grantee.scope).is_some() {
            return Ok(Direction::Up);
        }
        let ours = grantees::organizations(tx, sharer.user_id()).await?;
        let beside = grantee.path.get(1).is_some_and(|top| ours.contains(top));
        return Ok(if beside { Direction::Across } else { Direction::Out });
    }
    Ok(Direction::between(home, &grantee.path))
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
