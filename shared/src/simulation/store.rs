//! The roles that a user holds, with their scopes and groups, and the restrictions of API keys.

use super::key::Key;
use crate::access::{Role, TenantTx};
use crate::db::StoreError;
use crate::ids::{ApiKeyId, GroupId, ScopeId, UserId};
use crate::tenancy::Place;
use crate::tenancy::members::ThroughGroup;

/// A role held on a scope itself.
pub(super) struct Held {
    pub(super) path: Vec<ScopeId>,
    pub(super) role: Role,
    pub(super) at: Place,
    pub(super) group: Option<ThroughGroup>,
}

impl Held {
    /// The scope on which the role is held.
    pub(super) fn scope(&self) -> Option<ScopeId> {
        self.path.last().copied()
    }
}

/// Returns every role that a user holds, from the enterprise down.
pub(super) async fn held(tx: &TenantTx<'_>, user: UserId) -> Result<Vec<Held>, StoreError> {
    const HELD: &str = "-- simulation.list_held_roles
        SELECT h.role::text, s.path, s.kind, n.id AS node_id, n.name, h.group_id, g.name AS group_name
          FROM mem0.held_roles h
          JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.scope_id
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
          LEFT JOIN groups g ON g.enterprise_id = h.enterprise_id AND g.id = h.group_id
         WHERE h.enterprise_id = $1 AND h.user_id = $2
         ORDER BY cardinality(s.path), s.id, h.group_id NULLS FIRST";
    let rows = tx.query(HELD, &[&tx.caller().enterprise_id().uuid(), &user.uuid()]).await?;
    rows.iter()
        .map(|row| {
            let role = row.get::<_, &str>("role").parse();
            let corrupt = |problem| StoreError::Corrupt { table: "memberships", column: "role", problem };
            let group = row.get::<_, Option<_>>("group_id").map(GroupId);
            Ok(Held {
                path: row.get::<_, Vec<i64>>("path").into_iter().map(ScopeId).collect(),
                role: role.map_err(corrupt)?,
                at: Place::try_from(row)?,
                group: group.map(|id| ThroughGroup { id, name: row.get("group_name") }),
            })
        })
        .collect()
}

/// Returns the restrictions of an API key of the tenant.
pub(super) async fn key(tx: &TenantTx<'_>, id: ApiKeyId) -> Result<Option<Key>, StoreError> {
    const KEY: &str = "-- access.find_key
        SELECT user_id, verbs, within_scopes, ceiling, revoked, expires_at FROM mem0.key_limits($1)";
    let Some(row) = tx.query_opt(KEY, &[&id.uuid()]).await? else { return Ok(None) };
    let corrupt = |column, problem| StoreError::Corrupt { table: "api_keys", column, problem };
    let verbs = row.get::<_, Vec<String>>("verbs");
    let within = row.get::<_, Option<Vec<i64>>>("within_scopes");
    let ceiling = row.get::<_, Option<&str>>("ceiling").map(str::parse).transpose();
    Ok(Some(Key {
        id,
        owner: UserId(row.get("user_id")),
        verbs: verbs
            .iter()
            .map(|verb| verb.parse().map_err(|problem| corrupt("scopes", problem)))
            .collect::<Result<_, _>>()?,
        within: within.map(|ids| ids.into_iter().map(ScopeId).collect()),
        ceiling: ceiling.map_err(|problem| corrupt("ceiling", problem))?,
        revoked: row.get("revoked"),
        expires_at: row.get("expires_at"),
    }))
}
