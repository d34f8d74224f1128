//! `oauth_grants`, which hold the terms of sessions.

use chrono::{DateTime, Utc};

use super::{ApplicationView, NewGrant};
use crate::access::{ApiKeyVerb, AuthContext, IdentityTx};
use crate::db::StoreError;
use crate::identity::oauth::scope;
use crate::ids::{EnterpriseId, GrantId, IdentityProviderId, UserId};
use crate::page::Cursor;

pub(super) async fn insert(
    tx: &IdentityTx,
    id: GrantId,
    grant: &NewGrant<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    const INSERT: &str = "-- oauth_grant.insert
        INSERT INTO oauth_grants (enterprise_id, id, user_id, client_id, client_name, kind, scopes, resource, created_at,
                                  last_used_at, provider_id, redirect_uri)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)";
    tx.execute(
        INSERT,
        &[
            &grant.enterprise.uuid(),
            &id.uuid(),
            &grant.user.uuid(),
            &grant.client_id,
            &grant.client_name,
            &grant.kind,
            &scope::names(grant.scopes),
            &grant.resource,
            &now,
            &grant.provider.map(IdentityProviderId::uuid),
            &grant.redirect_uri,
        ],
    )
    .await
    .map(drop)
}

/// Records that a grant was used.
pub(in crate::identity::oauth) async fn used(
    tx: &IdentityTx,
    enterprise: EnterpriseId,
    id: GrantId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    const USED: &str = "-- oauth_grant.used
        UPDATE oauth_grants SET last_used_at = $3 WHERE enterprise_id = $1 AND id = $2";
    tx.execute(USED, &[&enterprise.uuid(), &id.uuid(), &now]).await.map(drop)
}

/// The parties of a grant, whether or not it has ended.
pub(in crate::identity::oauth) struct Holder {
    pub(in crate::identity::oauth) enterprise: EnterpriseId,
    pub(in crate::identity::oauth) user: UserId,
    pub(in crate::identity::oauth) client: String,
    pub(in crate::identity::oauth) scopes: Vec<ApiKeyVerb>,
    pub(in crate::identity::oauth) resource: String,
    pub(in crate::identity::oauth) alive: bool,
}

/// Returns the grant with this id.
pub(in crate::identity::oauth) async fn holder(
    tx: &IdentityTx,
    id: GrantId,
    now: DateTime<Utc>,
) -> Result<Option<Holder>, StoreError> {
    const HOLDER: &str = "-- oauth_grant.holder
        SELECT g.enterprise_id, g.user_id, g.client_id, g.scopes, g.resource,
               s.revoked_at IS NULL AND s.expires_at > $2 AND u.status = 'active' AS alive
          FROM oauth_grants g
          JOIN sessions s ON s.enterprise_id = g.enterprise_id AND s.id = g.id
          JOIN users u ON u.enterprise_id = g.enterprise_id AND u.id = g.user_id
         WHERE g.id = $1";
    let row = tx.query_opt(HOLDER, &[&id.uuid(), &now]).await?;
    Ok(row.map(|row| Holder {
        enterprise: EnterpriseId(row.get("enterprise_id")),
        user: UserId(row.get("user_id")),
        client: row.get("client_id"),
        scopes: scope::stored(&row.get::<_, Vec<String>>("scopes")),
        resource: row.get("resource"),
        alive: row.get("alive"),
    }))
}

/// Whether the grant is or was one of the caller's.
pub(super) async fn is_of(tx: &IdentityTx, caller: &AuthContext, id: GrantId) -> Result<bool, StoreError> {
    const IS_OF: &str = "-- oauth_grant.is_of
        SELECT FROM oauth_grants WHERE enterprise_id = $1 AND user_id = $2 AND id = $3";
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    Ok(tx.query_opt(IS_OF, &[&enterprise, &user, &id.uuid()]).await?.is_some())
}

/// Returns the name of an application that the caller has removed.
pub(super) async fn removed(
    tx: &IdentityTx,
    caller: &AuthContext,
    id: GrantId,
) -> Result<Option<String>, StoreError> {
    const REMOVED: &str = "-- oauth_grant.removed
        SELECT g.client_name
          FROM oauth_grants g JOIN sessions s ON s.enterprise_id = g.enterprise_id AND s.id = g.id
         WHERE g.enterprise_id = $1 AND g.user_id = $2 AND g.id = $3 AND s.revoked_at IS NOT NULL";
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let row = tx.query_opt(REMOVED, &[&enterprise, &user, &id.uuid()]).await?;
    Ok(row.map(|row| row.get("client_name")))
}

pub(super) async fn list(
    tx: &IdentityTx,
    caller: &AuthContext,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Vec<ApplicationView>, StoreError> {
    const LIST: &str = "-- oauth_grant.list
        SELECT g.id, g.client_id, g.client_name, g.scopes, g.resource, g.redirect_uri, g.created_at, g.last_used_at, s.ip,
               s.expires_at
          FROM oauth_grants g JOIN sessions s ON s.enterprise_id = g.enterprise_id AND s.id = g.id
         WHERE g.enterprise_id = $1 AND g.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3
           AND ($4::timestamptz IS NULL OR (g.created_at, g.id) < ($4, $5))
         ORDER BY g.created_at DESC, g.id DESC LIMIT $6";
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let (time, id) = (after.map(|after| after.created_at), after.map(|after| after.id));
    let rows =
        tx.query(LIST, &[&enterprise, &user, &caller.request().at, &time, &id, &i64::from(limit)]).await?;
    let view = |row: &tokio_postgres::Row| ApplicationView {
        id: GrantId(row.get("id")),
        client_id: row.get("client_id"),
        name: row.get("client_name"),
        scopes: scope::stored(&row.get::<_, Vec<String>>("scopes")),
        resource: row.get("resource"),
        redirect_uri: row.get("redirect_uri"),
        ip: row.get("ip"),
        created_at: row.get("created_at"),
        last_used_at: row.get("last_used_at"),
        expires_at: row.get("expires_at"),
    };
    Ok(rows.iter().map(view).collect())
}
