//! The direction of a share, on which approval rules depend.

use uuid::Uuid;

use crate::access::TenantTx;
use crate::db::StoreError;
use crate::ids::{ScopeId, UserId};
use crate::tenancy::policies::Direction;

/// Something on its way to somebody: its home, its author, and the grantee.
pub(super) type Way = (ScopeId, UserId, ScopeId);

/// Returns the directions in which things go from their homes to grantees, in the given order. What is a person's own or in
/// a context goes from where its author belongs, no matter who shares it.
pub(super) async fn of_each(tx: &TenantTx<'_>, ways: &[Way]) -> Result<Vec<Direction>, StoreError> {
    const DIRECTIONS: &str = "-- share.list_directions
        SELECT d.direction
          FROM unnest($2::bigint[], $3::uuid[], $4::bigint[]) WITH ORDINALITY a (home, author, grantee, place)
          LEFT JOIN mem0.directions_of($1, $2, $3, $4) d USING (home, author, grantee)
         ORDER BY a.place";
    if ways.is_empty() {
        return Ok(Vec::new());
    }
    let homes: Vec<i64> = ways.iter().map(|(home, ..)| home.0).collect();
    let authors: Vec<Uuid> = ways.iter().map(|(_, author, _)| author.uuid()).collect();
    let grantees: Vec<i64> = ways.iter().map(|(.., grantee)| grantee.0).collect();
    let enterprise = tx.caller().enterprise_id().uuid();
    let rows = tx.query(DIRECTIONS, &[&enterprise, &homes, &authors, &grantees]).await?;
    let corrupt = |problem| StoreError::Corrupt { table: "scopes", column: "path", problem };
    // A scope that no longer exists is nobody's.
    let direction =
        |text: Option<&str>| text.map_or(Ok(Direction::Out), |text| text.parse().map_err(corrupt));
    rows.iter().map(|row| direction(row.get(0))).collect()
}
