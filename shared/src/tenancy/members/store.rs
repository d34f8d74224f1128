//! The table `memberships`, joined with `users`.

use tokio_postgres::Row;

use super::{Inherited, Member, ThroughGroup};
use crate::access::{ReadableScope, Role, TenantTx};
use crate::db::StoreError;
use crate::ids::{GroupId, ScopeId, UserId};
use crate::page::Cursor;
use crate::tenancy::locked::Locked;
use crate::tenancy::place::Place;
use crate::tenancy::users::Status;

/// A user's status and roles on a scope.
pub(super) struct Standing {
    pub(super) status: Status,
    pub(super) direct: Option<Role>,
    pub(super) effective: Option<Role>,
}

/// Returns the members of a scope, one row per person, ordered by the age of their account.
pub(super) async fn list(
    tx: &TenantTx<'_>,
    scope: &ReadableScope,
    only: Option<UserId>,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Member>, StoreError> {
    const LIST: &str = "-- member.list
        SELECT u.id, CASE WHEN u.kind = 'person' THEN u.email END AS email, u.display_name, u.status, u.created_at,
               held.role::text, held.direct_role::text,
               other.role::text AS inherited_role, other.kind, other.node_id, other.name, other.group_id,
               other.group_name
          FROM (SELECT m.user_id, max(m.role) AS role,
                       max(m.role) FILTER (WHERE m.scope_id = $2 AND m.group_id IS NULL) AS direct_role
                  FROM mem0.held_roles m
                 WHERE m.enterprise_id = $1 AND m.scope_id = ANY ($3) AND ($4::uuid IS NULL OR m.user_id = $4)
                 GROUP BY m.user_id) held
          JOIN users u ON u.enterprise_id = $1 AND u.id = held.user_id
          LEFT JOIN LATERAL
               (SELECT m.role, s.kind, n.id AS node_id, n.name, m.group_id, g.name AS group_name
                  FROM mem0.held_roles m
                  JOIN scopes s ON s.enterprise_id = m.enterprise_id AND s.id = m.scope_id
                  LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
                  LEFT JOIN groups g ON g.enterprise_id = m.enterprise_id AND g.id = m.group_id
                 WHERE m.enterprise_id = $1 AND m.user_id = held.user_id
                   AND m.scope_id = ANY ($3) AND (m.scope_id <> $2 OR m.group_id IS NOT NULL)
                 ORDER BY m.role DESC, cardinality(s.path) DESC, m.group_id NULLS FIRST
                 LIMIT 1) other ON true
         WHERE $5::timestamptz IS NULL OR (u.created_at, u.id) > ($5, $6::uuid)
         ORDER BY u.created_at, u.id
         LIMIT $7";
    let path: Vec<i64> = scope.path.iter().map(|id| id.0).collect();
    let rows = tx
        .query(
            LIST,
            &[
                &tx.caller().enterprise_id().uuid(),
                &scope.id.0,
                &path,
                &only.map(UserId::uuid),
                &after.map(|at| at.created_at),
                &after.map(|at| at.id),
                &i64::from(most),
            ],
        )
        .await?;
    rows.iter().map(Member::try_from).collect()
}

/// Returns a user's standing on a scope; `None` if the tenant has no such account.
pub(super) async fn standing(
    tree: &Locked<'_, '_>,
    scope: &ReadableScope,
    user: UserId,
) -> Result<Option<Standing>, StoreError> {
    const STANDING: &str = "-- member.standing
        SELECT u.status,
               (SELECT m.role::text FROM memberships m
                 WHERE m.enterprise_id = $1 AND m.user_id = $2 AND m.scope_id = $3) AS direct,
               (SELECT max(m.role)::text FROM mem0.held_roles m
                 WHERE m.enterprise_id = $1 AND m.user_id = $2 AND m.scope_id = ANY ($4)) AS effective
          FROM users u WHERE u.enterprise_id = $1 AND u.id = $2";
    let path: Vec<i64> = scope.path.iter().map(|id| id.0).collect();
    let enterprise = tree.caller().enterprise_id().uuid();
    let row = tree.query_opt(STANDING, &[&enterprise, &user.uuid(), &scope.id.0, &path]).await?;
    row.map(|row| {
        Ok(Standing {
            status: Status::from_row(&row)?,
            direct: role(&row, "direct")?,
            effective: role(&row, "effective")?,
        })
    })
    .transpose()
}

/// Makes a user a member with this role, replacing any previous one.
pub(super) async fn put(
    tree: &Locked<'_, '_>,
    scope: ScopeId,
    user: UserId,
    role: Role,
) -> Result<(), StoreError> {
    const PUT: &str = "-- member.put
        INSERT INTO memberships (enterprise_id, user_id, scope_id, role, created_at, created_by)
        VALUES ($1, $2, $3, $4::text::member_role, $5, $6)
        ON CONFLICT (enterprise_id, user_id, scope_id) DO UPDATE SET role = excluded.role";
    let caller = tree.caller();
    let (enterprise, by) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    tree.execute(PUT, &[&enterprise, &user.uuid(), &scope.0, &role.as_str(), &caller.request().at, &by])
        .await
        .map(drop)
}

pub(super) async fn delete(tree: &Locked<'_, '_>, scope: ScopeId, user: UserId) -> Result<(), StoreError> {
    const DELETE: &str = "-- member.delete
        DELETE FROM memberships WHERE enterprise_id = $1 AND user_id = $2 AND scope_id = $3";
    let enterprise = tree.caller().enterprise_id().uuid();
    tree.execute(DELETE, &[&enterprise, &user.uuid(), &scope.0]).await.map(drop)
}

impl TryFrom<&Row> for Member {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let inherited = role(row, "inherited_role")?;
        Ok(Self {
            user_id: UserId(row.get("id")),
            email: row.get("email"),
            name: row.get("display_name"),
            status: Status::from_row(row)?,
            role: role(row, "role")?.ok_or_else(|| corrupt("no role".to_owned()))?,
            direct_role: role(row, "direct_role")?,
            inherited: inherited
                .map(|role| {
                    let group = row.get::<_, Option<_>>("group_id").map(GroupId);
                    let group = group.map(|id| ThroughGroup { id, name: row.get("group_name") });
                    Ok(Inherited { role, from: Place::try_from(row)?, group })
                })
                .transpose()?,
            account_created_at: row.get("created_at"),
        })
    }
}

fn role(row: &Row, column: &str) -> Result<Option<Role>, StoreError> {
    row.get::<_, Option<&str>>(column).map(str::parse).transpose().map_err(corrupt)
}

fn corrupt(problem: String) -> StoreError {
    StoreError::Corrupt { table: "memberships", column: "role", problem }
}
