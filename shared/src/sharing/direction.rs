//! The direction of a share, on which approval rules depend.

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{ScopeId, UserId};
use crate::tenancy::policies::Direction;

/// Returns the direction in which something goes from its home to a grantee. What is a person's own or in a context goes
/// from where its author belongs, no matter who shares it.
pub(super) async fn of(
    tx: &TenantTx<'_>,
    home: ScopeId,
    author: UserId,
    grantee: ScopeId,
) -> Result<Direction, StoreError> {
    const DIRECTION: &str = "-- share.find_direction
        SELECT mem0.direction_of($1, $2, $3, $4)";
    let corrupt = |problem| StoreError::Corrupt { table: "scopes", column: "path", problem };
    let enterprise = tx.caller().enterprise_id().uuid();
    let row = tx.query_one(DIRECTION, &[&enterprise, &home.0, &author.uuid(), &grantee.0]).await?;
    // A scope that no longer exists is nobody's.
    row.get::<_, Option<&str>>(0).map_or(Ok(Direction::Out), |text| text.parse().map_err(corrupt))
}
