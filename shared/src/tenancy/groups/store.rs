//! The tables `groups`, `group_members` and `group_roles`.

use tokio_postgres::Row;

use super::{Group, GroupMember, GroupRole, RoleOfGroup};
use crate::access::{Role, TenantTx};
use crate::db::StoreError;
use crate::ids::{GroupId, ScopeId, UserId};
use crate::page::Cursor;
use crate::tenancy::locked::Locked;
use crate::tenancy::place::Place;

/// A group and where it is kept.
pub(super) struct Found {
    pub(super) scope: ScopeId,
    pub(super) shown: Group,
}

/// Returns groups, oldest first, each with its roles on the nodes that the caller can see.
pub(super) async fn find(
    tx: &TenantTx<'_>,
    only: Option<GroupId>,
    at: Option<ScopeId>,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<Found>, StoreError> {
    const FIND: &str = "-- group.find
        SELECT g.id, g.name AS group_name, g.managed_by, g.external_id, g.created_at, g.updated_at, g.scope_id,
               s.kind, n.id AS node_id, n.name,
               (SELECT count(*) FROM group_members m WHERE m.enterprise_id = $1 AND m.group_id = g.id) AS members
          FROM groups g
          JOIN scopes s ON s.enterprise_id = g.enterprise_id AND s.id = g.scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
         WHERE g.enterprise_id = $1
           AND ($2::uuid IS NULL OR g.id = $2)
           AND ($3::bigint IS NULL OR g.scope_id = $3)
           AND ($4::timestamptz IS NULL OR (g.created_at, g.id) > ($4, $5::uuid))
         ORDER BY g.created_at, g.id
         LIMIT $6";
    const ROLES: &str = "-- group.list_roles
        SELECT r.group_id, r.role::text, s.kind, n.id AS node_id, n.name
          FROM group_roles r
          JOIN scopes s ON s.enterprise_id = r.enterprise_id AND s.id = r.scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
         WHERE r.enterprise_id = $1 AND r.group_id = ANY ($2) AND r.scope_id = ANY ((SELECT mem0.readable())::bigint[])
         ORDER BY cardinality(s.path), s.id";
    let enterprise = tx.caller().enterprise_id().uuid();
    let (time, id) = (after.map(|at| at.created_at), after.map(|at| at.id));
    let (only, at) = (only.map(GroupId::uuid), at.map(|at| at.0));
    let rows = tx.query(FIND, &[&enterprise, &only, &at, &time, &id, &i64::from(most)]).await?;
    let mut found = rows.iter().map(Found::try_from).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<_> = found.iter().map(|group| group.shown.id.uuid()).collect();
    for row in tx.query(ROLES, &[&enterprise, &ids]).await? {
        let (group, held) = (GroupId(row.get("group_id")), GroupRole::try_from(&row)?);
        if let Some(group) = found.iter_mut().find(|found| found.shown.id == group) {
            group.shown.roles.push(held);
        }
    }
    Ok(found)
}

/// Inserts a group; returns false if its name is taken there.
pub(super) async fn insert(
    tree: &Locked<'_, '_>,
    id: GroupId,
    at: ScopeId,
    name: &str,
) -> Result<bool, StoreError> {
    const INSERT: &str = "-- group.insert
        INSERT INTO groups (enterprise_id, id, scope_id, name, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $5)
        ON CONFLICT (enterprise_id, scope_id, lower(name)) DO NOTHING";
    let caller = tree.caller();
    let (enterprise, now) = (caller.enterprise_id().uuid(), caller.request().at);
    Ok(tree.execute(INSERT, &[&enterprise, &id.uuid(), &at.0, &name, &now]).await? == 1)
}

/// Renames a group; returns false if the name is taken there.
pub(super) async fn rename(tree: &Locked<'_, '_>, group: &Found, name: &str) -> Result<bool, StoreError> {
    const RENAME: &str = "-- group.rename
        UPDATE groups SET name = $3, updated_at = $4
         WHERE enterprise_id = $1 AND id = $2
           AND NOT EXISTS (SELECT FROM groups o WHERE o.enterprise_id = $1 AND o.scope_id = $5
                              AND lower(o.name) = lower($3) AND o.id <> $2)";
    let caller = tree.caller();
    let (enterprise, now) = (caller.enterprise_id().uuid(), caller.request().at);
    let id = group.shown.id.uuid();
    Ok(tree.execute(RENAME, &[&enterprise, &id, &name, &now, &group.scope.0]).await? == 1)
}

pub(super) async fn delete(tree: &Locked<'_, '_>, id: GroupId) -> Result<(), StoreError> {
    const DELETE: &str = "-- group.delete
        DELETE FROM groups WHERE enterprise_id = $1 AND id = $2";
    tree.execute(DELETE, &[&tree.caller().enterprise_id().uuid(), &id.uuid()]).await.map(drop)
}

/// Returns the members of a group, in the order in which they joined.
pub(super) async fn members(
    tx: &TenantTx<'_>,
    group: GroupId,
    only: Option<UserId>,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<GroupMember>, StoreError> {
    const MEMBERS: &str = "-- group.list_members
        SELECT u.id, CASE WHEN u.kind = 'person' THEN u.email END AS email, u.display_name, m.created_at
          FROM group_members m
          JOIN users u ON u.enterprise_id = m.enterprise_id AND u.id = m.user_id
         WHERE m.enterprise_id = $1 AND m.group_id = $2
           AND ($3::uuid IS NULL OR m.user_id = $3)
           AND ($4::timestamptz IS NULL OR (m.created_at, m.user_id) > ($4, $5::uuid))
         ORDER BY m.created_at, m.user_id
         LIMIT $6";
    let enterprise = tx.caller().enterprise_id().uuid();
    let (time, id) = (after.map(|at| at.created_at), after.map(|at| at.id));
    let only = only.map(UserId::uuid);
    let rows = tx.query(MEMBERS, &[&enterprise, &group.uuid(), &only, &time, &id, &i64::from(most)]).await?;
    Ok(rows
        .iter()
        .map(|row| GroupMember {
            user_id: UserId(row.get("id")),
            email: row.get("email"),
            name: row.get("display_name"),
            since: row.get("created_at"),
        })
        .collect())
}

/// Whether an account is active; `None` if the tenant has no such account.
pub(super) async fn is_active(tree: &Locked<'_, '_>, user: UserId) -> Result<Option<bool>, StoreError> {
    const IS_ACTIVE: &str = "-- group.account_is_active
        SELECT status = 'active' FROM users WHERE enterprise_id = $1 AND id = $2";
    let row = tree.query_opt(IS_ACTIVE, &[&tree.caller().enterprise_id().uuid(), &user.uuid()]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Adds a member; returns false if they already belong to the group.
pub(super) async fn add(tree: &Locked<'_, '_>, group: GroupId, user: UserId) -> Result<bool, StoreError> {
    const ADD: &str = "-- group.add_member
        INSERT INTO group_members (enterprise_id, group_id, user_id, created_at, created_by)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (enterprise_id, group_id, user_id) DO NOTHING";
    let caller = tree.caller();
    let (enterprise, by) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let now = caller.request().at;
    Ok(tree.execute(ADD, &[&enterprise, &group.uuid(), &user.uuid(), &now, &by]).await? == 1)
}

/// Removes a member; returns false if they did not belong to the group.
pub(super) async fn remove(tree: &Locked<'_, '_>, group: GroupId, user: UserId) -> Result<bool, StoreError> {
    const REMOVE: &str = "-- group.remove_member
        DELETE FROM group_members WHERE enterprise_id = $1 AND group_id = $2 AND user_id = $3";
    let enterprise = tree.caller().enterprise_id().uuid();
    Ok(tree.execute(REMOVE, &[&enterprise, &group.uuid(), &user.uuid()]).await? == 1)
}

/// Returns the groups with a role on the scope itself, in the order in which they received it.
pub(super) async fn roles(
    tx: &TenantTx<'_>,
    scope: ScopeId,
    only: Option<GroupId>,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<RoleOfGroup>, StoreError> {
    const ROLES: &str = "-- group.list_roles_of_scope
        SELECT g.id, g.name, r.role::text, r.created_at,
               (SELECT count(*) FROM group_members m WHERE m.enterprise_id = $1 AND m.group_id = g.id) AS members
          FROM group_roles r
          JOIN groups g ON g.enterprise_id = r.enterprise_id AND g.id = r.group_id
         WHERE r.enterprise_id = $1 AND r.scope_id = $2
           AND ($3::uuid IS NULL OR g.id = $3)
           AND ($4::timestamptz IS NULL OR (r.created_at, g.id) > ($4, $5::uuid))
         ORDER BY r.created_at, g.id
         LIMIT $6";
    let enterprise = tx.caller().enterprise_id().uuid();
    let (time, id) = (after.map(|at| at.created_at), after.map(|at| at.id));
    let only = only.map(GroupId::uuid);
    let rows = tx.query(ROLES, &[&enterprise, &scope.0, &only, &time, &id, &i64::from(most)]).await?;
    rows.iter()
        .map(|row| {
            Ok(RoleOfGroup {
                group_id: GroupId(row.get("id")),
                name: row.get("name"),
                role: role(row)?,
                members: row.get("members"),
                created_at: row.get("created_at"),
            })
        })
        .collect()
}

/// Gives a group a role on a scope, replacing any previous one.
pub(super) async fn put_role(
    tree: &Locked<'_, '_>,
    group: GroupId,
    scope: ScopeId,
    role: Role,
) -> Result<(), StoreError> {
    const PUT: &str = "-- group.put_role
        INSERT INTO group_roles (enterprise_id, group_id, scope_id, role, created_at, created_by)
        VALUES ($1, $2, $3, $4::text::member_role, $5, $6)
        ON CONFLICT (enterprise_id, group_id, scope_id) DO UPDATE SET role = excluded.role";
    let caller = tree.caller();
    let (enterprise, by) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let now = caller.request().at;
    tree.execute(PUT, &[&enterprise, &group.uuid(), &scope.0, &role.as_str(), &now, &by]).await.map(drop)
}

pub(super) async fn remove_role(
    tree: &Locked<'_, '_>,
    group: GroupId,
    scope: ScopeId,
) -> Result<(), StoreError> {
    const REMOVE: &str = "-- group.remove_role
        DELETE FROM group_roles WHERE enterprise_id = $1 AND group_id = $2 AND scope_id = $3";
    let enterprise = tree.caller().enterprise_id().uuid();
    tree.execute(REMOVE, &[&enterprise, &group.uuid(), &scope.0]).await.map(drop)
}

impl TryFrom<&Row> for Found {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let manager = row.get::<_, &str>("managed_by").parse();
        let corrupt = |problem| StoreError::Corrupt { table: "groups", column: "managed_by", problem };
        let shown = Group {
            id: GroupId(row.get("id")),
            name: row.get("group_name"),
            at: Place::try_from(row)?,
            managed_by: manager.map_err(corrupt)?,
            external_id: row.get("external_id"),
            members: row.get("members"),
            roles: Vec::new(),
            created_at: row.get("created_at"),
            updated_at: row.get("updated_at"),
        };
        Ok(Self { scope: ScopeId(row.get("scope_id")), shown })
    }
}

impl TryFrom<&Row> for GroupRole {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { place: Place::try_from(row)?, role: role(row)? })
    }
}

fn role(row: &Row) -> Result<Role, StoreError> {
    let role = row.get::<_, &str>("role").parse();
    role.map_err(|problem| StoreError::Corrupt { table: "group_roles", column: "role", problem })
}
