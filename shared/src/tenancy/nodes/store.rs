//! Nodes in `scopes` and `sub_organizations`.

use serde_json::Value;
use tokio_postgres::Row;

use super::Node;
use crate::access::{ReadableScope, Role, ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::ids::{NodeId, ScopeId};
use crate::page::Cursor;
use crate::tenancy::locked::Locked;

/// The criteria for finding nodes; all that are given must match.
#[derive(Default)]
pub(super) struct Place<'a> {
    pub(super) among: &'a [i64],
    pub(super) parent: Option<ScopeId>,
    pub(super) kind: Option<&'a str>,
    pub(super) after: Option<Cursor>,
}

/// What prevents deleting a node, and what would be deleted with it.
pub(super) struct Usage {
    nodes: i64,
    homed: i64,
    shared: i64,
    groups: i64,
    service_accounts: i64,
    pub(super) members: i64,
    pub(super) invitations: i64,
    /// The highest role that anybody holds on it or is invited to.
    pub(super) highest_role: Option<Role>,
}

/// Returns nodes with their ancestors and the caller's role, oldest first.
pub(super) async fn find(tx: &TenantTx<'_>, place: &Place<'_>, most: u32) -> Result<Vec<Node>, StoreError> {
    const FIND: &str = "-- node.find
        SELECT n.id, n.name, n.settings, n.created_at, n.updated_at, s.kind, cardinality(s.path) AS level,
               ARRAY(SELECT a.id
                       FROM unnest(s.path) WITH ORDINALITY step(scope_id, at)
                       JOIN sub_organizations a ON a.enterprise_id = $1 AND a.scope_id = step.scope_id
                      WHERE a.id <> n.id
                      ORDER BY step.at) AS ancestors,
               (SELECT max(m.role)::text FROM mem0.held_roles m
                 WHERE m.enterprise_id = $1 AND m.user_id = $2 AND m.scope_id = ANY (s.path)) AS role
          FROM sub_organizations n
          JOIN scopes s ON s.enterprise_id = n.enterprise_id AND s.id = n.scope_id
         WHERE n.enterprise_id = $1 AND s.id = ANY ($3)
           AND ($4::bigint IS NULL OR s.parent_id = $4)
           AND ($5::text IS NULL OR s.kind = $5)
           AND ($6::timestamptz IS NULL OR (n.created_at, n.id) > ($6, $7::uuid))
         ORDER BY n.created_at, n.id
         LIMIT $8";
    let caller = tx.caller();
    let (time, id) = (place.after.map(|at| at.created_at), place.after.map(|at| at.id));
    let rows = tx
        .query(
            FIND,
            &[
                &caller.enterprise_id().uuid(),
                &caller.user_id().uuid(),
                &place.among,
                &place.parent.map(|parent| parent.0),
                &place.kind,
                &time,
                &id,
                &i64::from(most),
            ],
        )
        .await?;
    let mut nodes = rows.iter().map(Node::try_from).collect::<Result<Vec<_>, _>>()?;
    if caller.within().is_some() {
        for node in &mut nodes {
            // What a restricted key does not reach does not exist for it, not even as an ancestor.
            node.ancestors.retain(|id| caller.node(*id).is_ok());
            node.parent = node.ancestors.last().copied();
        }
    }
    Ok(nodes)
}

/// Inserts a scope and a node below this parent.
pub(super) async fn insert(
    tree: &Locked<'_, '_>,
    id: NodeId,
    kind: ScopeKind,
    parent: &ReadableScope,
    name: &str,
    settings: &Value,
) -> Result<ScopeId, StoreError> {
    const INSERT: &str = "-- node.insert
        WITH scope AS (
            INSERT INTO scopes (enterprise_id, id, kind, parent_id, path)
            SELECT $1, i.id, $3, $4, $5::bigint[] || i.id FROM (SELECT nextval('scope_ids') AS id) i
            RETURNING id
        )
        INSERT INTO sub_organizations (enterprise_id, id, scope_id, name, settings, created_at, updated_at)
        SELECT $1, $2, scope.id, $6, $7, $8, $8 FROM scope
        RETURNING scope_id";
    let caller = tree.caller();
    let row = tree
        .query_one(
            INSERT,
            &[
                &caller.enterprise_id().uuid(),
                &id.uuid(),
                &kind.as_str(),
                &parent.id.0,
                &path(parent),
                &name,
                settings,
                &caller.request().at,
            ],
        )
        .await?;
    Ok(ScopeId(row.get(0)))
}

pub(super) async fn update(
    tree: &Locked<'_, '_>,
    id: NodeId,
    name: Option<&str>,
    settings: Option<&Value>,
) -> Result<(), StoreError> {
    const UPDATE: &str = "-- node.update
        UPDATE sub_organizations
           SET name = coalesce($3, name), settings = coalesce($4, settings), updated_at = $5
         WHERE enterprise_id = $1 AND id = $2";
    let caller = tree.caller();
    let enterprise = caller.enterprise_id().uuid();
    tree.execute(UPDATE, &[&enterprise, &id.uuid(), &name, &settings, &caller.request().at]).await.map(drop)
}

/// Returns the nodes directly below a scope, with their kinds and names.
pub(super) async fn below(
    tree: &Locked<'_, '_>,
    parent: ScopeId,
) -> Result<Vec<(ScopeId, String, String)>, StoreError> {
    const BELOW: &str = "-- node.names_below
        SELECT s.id, s.kind, n.name
          FROM scopes s JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
         WHERE s.enterprise_id = $1 AND s.parent_id = $2 AND s.kind NOT IN ('user', 'context')
         ORDER BY s.id";
    let rows = tree.query(BELOW, &[&tree.caller().enterprise_id().uuid(), &parent.0]).await?;
    Ok(rows.iter().map(|row| (ScopeId(row.get(0)), row.get(1), row.get(2))).collect())
}

/// Returns how many levels a node and everything below it occupy.
pub(super) async fn height(tree: &Locked<'_, '_>, node: &ReadableScope) -> Result<usize, StoreError> {
    const HEIGHT: &str = "-- node.height
        SELECT max(cardinality(path)) FROM scopes WHERE enterprise_id = $1 AND kind <> 'user' AND $2 = ANY (path)";
    let row = tree.query_one(HEIGHT, &[&tree.caller().enterprise_id().uuid(), &node.id.0]).await?;
    let lowest = usize::try_from(row.get::<_, i32>(0)).unwrap_or_default();
    Ok(lowest + 1 - node.path.len())
}

/// Rewrites the paths of a node and everything below it.
pub(super) async fn relocate(
    tree: &Locked<'_, '_>,
    node: &ReadableScope,
    to: &ReadableScope,
) -> Result<(), StoreError> {
    const PATHS: &str = "-- node.move
        WITH moved AS (
            UPDATE scopes
               SET path = $3::bigint[] || path[$4:],
                   parent_id = CASE WHEN id = $2 THEN $5 ELSE parent_id END
             WHERE enterprise_id = $1 AND kind <> 'user' AND $2 = ANY (path)
        )
        UPDATE sub_organizations SET updated_at = $6 WHERE enterprise_id = $1 AND scope_id = $2";
    let caller = tree.caller();
    let position = i32::try_from(node.path.len()).unwrap_or(i32::MAX);
    let enterprise = caller.enterprise_id().uuid();
    let at = caller.request().at;
    tree.execute(PATHS, &[&enterprise, &node.id.0, &path(to), &position, &to.id.0, &at]).await.map(drop)
}

/// Waits for memories that are being written to the scope, and blocks further ones.
pub(super) async fn hold(tree: &Locked<'_, '_>, scope: ScopeId) -> Result<(), StoreError> {
    const HOLD: &str = "-- scope.hold
        SELECT pg_advisory_xact_lock(mem0.scope_lock($1))";
    tree.query_one(HOLD, &[&scope.0]).await.map(drop)
}

pub(super) async fn usage(tx: &TenantTx<'_>, scope: ScopeId) -> Result<Usage, StoreError> {
    const USAGE: &str = "-- scope.usage
        SELECT (SELECT count(*) FROM scopes WHERE enterprise_id = $1 AND parent_id = $2) AS nodes,
               used.homed, used.shared,
               (SELECT count(*) FROM memberships WHERE enterprise_id = $1 AND scope_id = $2) AS members,
               greatest((SELECT max(role) FROM memberships WHERE enterprise_id = $1 AND scope_id = $2),
                        (SELECT max(role) FROM group_roles WHERE enterprise_id = $1 AND scope_id = $2),
                        (SELECT max(role) FROM invitations
                          WHERE enterprise_id = $1 AND scope_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL
                            AND expires_at > $3))::text AS highest_role,
               (SELECT count(*) FROM groups WHERE enterprise_id = $1 AND scope_id = $2) AS groups,
               (SELECT count(*) FROM users WHERE enterprise_id = $1 AND owner_scope_id = $2) AS service_accounts,
               (SELECT count(*) FROM invitations
                 WHERE enterprise_id = $1 AND scope_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL) AS invitations
          FROM mem0.scope_usage($2) used";
    let caller = tx.caller();
    let row = tx.query_one(USAGE, &[&caller.enterprise_id().uuid(), &scope.0, &caller.request().at]).await?;
    let highest = row.get::<_, Option<&str>>("highest_role").map(str::parse).transpose();
    Ok(Usage {
        nodes: row.get("nodes"),
        homed: row.get("homed"),
        shared: row.get("shared"),
        groups: row.get("groups"),
        service_accounts: row.get("service_accounts"),
        members: row.get("members"),
        invitations: row.get("invitations"),
        highest_role: highest.map_err(|problem| StoreError::Corrupt {
            table: "memberships",
            column: "role",
            problem,
        })?,
    })
}

pub(super) async fn delete(tree: &Locked<'_, '_>, scope: ScopeId) -> Result<(), StoreError> {
    const DELETE: &str = "-- node.delete
        DELETE FROM scopes WHERE enterprise_id = $1 AND id = $2";
    tree.execute(DELETE, &[&tree.caller().enterprise_id().uuid(), &scope.0]).await.map(drop)
}

impl Usage {
    /// Describes what prevents deletion.
    pub(super) fn obstacle(&self) -> Option<String> {
        let parts = [
            (self.nodes, "node below it", "nodes below it"),
            (self.homed, "memory that lives here", "memories that live here"),
            (self.shared, "memory shared with it", "memories shared with it"),
            (self.groups, "group that is kept here", "groups that are kept here"),
            (self.service_accounts, "service account that it owns", "service accounts that it owns"),
        ];
        let parts = parts.into_iter().filter(|(count, ..)| *count > 0);
        let parts: Vec<_> = parts
            .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl TryFrom<&Row> for Node {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let corrupt = |column, problem| StoreError::Corrupt { table: "scopes", column, problem };
        let kind: ScopeKind =
            row.get::<_, &str>("kind").parse().map_err(|problem| corrupt("kind", problem))?;
        let role = row.get::<_, Option<&str>>("role").map(str::parse).transpose();
        let ancestors: Vec<_> = row.get::<_, Vec<_>>("ancestors").into_iter().map(NodeId).collect();
        let settings = match row.get("settings") {
            Value::Object(object) => object.into(),
            other => return Err(corrupt("settings", format!("{other} is no object"))),
        };
        let id = NodeId(row.get("id"));
        Ok(Self {
            id,
            kind,
            name: row.get("name"),
            scope: format!("{kind}:{id}"),
            parent: ancestors.last().copied(),
            ancestors,
            level: usize::try_from(row.get::<_, i32>("level")).unwrap_or_default(),
            settings,
            role: role.map_err(|problem| corrupt("role", problem))?,
            created_at: row.get("created_at"),
            updated_at: row.get("updated_at"),
        })
    }
}

fn path(scope: &ReadableScope) -> Vec<i64> {
    scope.path.iter().map(|id| id.0).collect()
}
