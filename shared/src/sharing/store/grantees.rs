//! People and scopes that something is shared with.

use tokio_postgres::Row;

use crate::access::{ScopeKind, TenantTx};
use crate::db::StoreError;
use crate::error::{Error, Result};
use crate::ids::{NodeId, ScopeId, UserId};
use crate::sharing::grantee::Grantee;

/// Finds a person by id or email address; a disabled account is refused with a specific error.
pub(in crate::sharing) async fn person(
    tx: &TenantTx<'_>,
    user: Option<UserId>,
    email: Option<&str>,
) -> Result<Option<Grantee>> {
    const PERSON: &str = "-- grantee.find_person
        SELECT u.id AS user_id, u.status, u.kind = 'service' AS service, s.id AS scope_id, s.kind, s.path
          FROM users u
          JOIN scopes s ON s.enterprise_id = u.enterprise_id AND s.id = u.scope_id
         WHERE u.enterprise_id = $1 AND (u.id = $2 OR lower(u.email) = $3)";
    let enterprise = tx.caller().enterprise_id().uuid();
    let row = tx.query_opt(PERSON, &[&enterprise, &user.map(UserId::uuid), &email]).await?;
    let Some(row) = row else { return Ok(None) };
    let id = UserId(row.get("user_id"));
    if row.get::<_, &str>("status") != "active" {
        return Err(Error::Conflict(format!("the account {id} is deactivated")));
    }
    Ok(Some(Grantee { service: row.get("service"), ..grantee(&row, Some(id), None)? }))
}

/// Finds a node of the tree.
pub(in crate::sharing) async fn node(tx: &TenantTx<'_>, id: NodeId) -> Result<Option<Grantee>, StoreError> {
    const NODE: &str = "-- grantee.find_node
        SELECT s.id AS scope_id, s.kind, s.path
          FROM sub_organizations n
          JOIN scopes s ON s.enterprise_id = n.enterprise_id AND s.id = n.scope_id
         WHERE n.enterprise_id = $1 AND n.id = $2";
    let row = tx.query_opt(NODE, &[&tx.caller().enterprise_id().uuid(), &id.uuid()]).await?;
    row.map(|row| grantee(&row, None, Some(id))).transpose()
}

/// Finds the enterprise or the public scope.
pub(in crate::sharing) async fn level(
    tx: &TenantTx<'_>,
    kind: ScopeKind,
) -> Result<Option<Grantee>, StoreError> {
    const LEVEL: &str = "-- grantee.find_level
        SELECT s.id AS scope_id, s.kind, s.path FROM scopes s
         WHERE s.enterprise_id = $1 AND s.kind = $2 AND s.kind <> 'user'";
    let row = tx.query_opt(LEVEL, &[&tx.caller().enterprise_id().uuid(), &kind.as_str()]).await?;
    row.map(|row| grantee(&row, None, None)).transpose()
}

/// Returns what people call a scope, and its person's e-mail address. A service account has none.
pub(in crate::sharing) async fn names(
    tx: &TenantTx<'_>,
    scope: ScopeId,
) -> Result<(Option<String>, Option<String>), StoreError> {
    const NAMES: &str = "-- grantee.find_names
        SELECT coalesce(n.name, nullif(u.display_name, '')) AS name,
               CASE WHEN u.kind = 'person' THEN u.email END AS email
          FROM scopes s
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
          LEFT JOIN users u ON u.enterprise_id = s.enterprise_id AND u.scope_id = s.id
         WHERE s.enterprise_id = $1 AND s.id = $2";
    let row = tx.query_one(NAMES, &[&tx.caller().enterprise_id().uuid(), &scope.0]).await?;
    Ok((row.get("name"), row.get("email")))
}

/// Lists everyone with whom a context is shared.
pub(in crate::sharing) async fn of_context(
    tx: &TenantTx<'_>,
    context: ScopeId,
) -> Result<Vec<Grantee>, StoreError> {
    const OF_CONTEXT: &str = "-- grantee.list_of_context
        SELECT DISTINCT s.id AS scope_id, s.kind, s.path, u.id AS user_id, n.id AS node_id
          FROM sub_organizations c
          JOIN shares h ON h.enterprise_id = c.enterprise_id AND h.context_id = c.id AND h.revoked_at IS NULL
                       AND (h.expires_at IS NULL OR h.expires_at > $3)
          JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.grantee_scope_id
          LEFT JOIN users u ON u.enterprise_id = s.enterprise_id AND u.scope_id = s.id
          LEFT JOIN sub_organizations n ON n.enterprise_id = s.enterprise_id AND n.scope_id = s.id
         WHERE c.enterprise_id = $1 AND c.scope_id = $2";
    let caller = tx.caller();
    let rows =
        tx.query(OF_CONTEXT, &[&caller.enterprise_id().uuid(), &context.0, &caller.request().at]).await?;
    rows.iter().map(found).collect()
}

fn found(row: &Row) -> Result<Grantee, StoreError> {
    grantee(
        row,
        row.get::<_, Option<_>>("user_id").map(UserId),
        row.get::<_, Option<_>>("node_id").map(NodeId),
    )
}

/// Returns whether a person holds a role on one of these scopes or below.
pub(in crate::sharing) async fn belongs_within(
    tx: &TenantTx<'_>,
    person: ScopeId,
    within: &[i64],
) -> Result<bool, StoreError> {
    const BELONGS: &str = "-- grantee.belongs_within
        SELECT EXISTS (SELECT FROM users u
                         JOIN mem0.held_roles h ON h.enterprise_id = u.enterprise_id AND h.user_id = u.id
                         JOIN scopes s ON s.enterprise_id = h.enterprise_id AND s.id = h.scope_id
                        WHERE u.enterprise_id = $1 AND u.scope_id = $2 AND s.path && $3)";
    let enterprise = tx.caller().enterprise_id().uuid();
    Ok(tx.query_one(BELONGS, &[&enterprise, &person.0, &within]).await?.get(0))
}

fn grantee(row: &Row, person: Option<UserId>, node: Option<NodeId>) -> Result<Grantee, StoreError> {
    let kind: Result<ScopeKind, _> = row.get::<_, &str>("kind").parse();
    let kind = kind.map_err(|problem| StoreError::Corrupt { table: "scopes", column: "kind", problem })?;
    let label = match (person, node) {
        (Some(person), _) => format!("person:{person}"),
        (None, Some(node)) => format!("{kind}:{node}"),
        (None, None) => kind.to_string(),
    };
    let path = row.get::<_, Vec<i64>>("path").into_iter().map(ScopeId).collect();
    Ok(Grantee { scope: ScopeId(row.get("scope_id")), kind, path, person, service: false, label })
}
