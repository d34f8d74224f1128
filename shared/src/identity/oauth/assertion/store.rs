//! `identity_providers` and `identity_links`.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;

use super::providers::ProviderView;
use crate::access::{AuthContext, IdentityTx};
use crate::db::StoreError;
use crate::ids::{EnterpriseId, IdentityProviderId, UserId};
use crate::page::Cursor;

/// The maximum number of enterprises that are considered for one issuer.
const MOST: i64 = 8;

/// A provider that an enterprise trusts.
pub(super) struct Provider {
    pub(super) enterprise: EnterpriseId,
    pub(super) id: IdentityProviderId,
    pub(super) jwks_uri: Option<String>,
    pub(super) jwks: Value,
    pub(super) jwks_read_at: DateTime<Utc>,
    domains: Vec<String>,
}

impl Provider {
    /// Whether it may vouch for an address.
    pub(super) fn vouches_for(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        domain.is_some_and(|domain| self.domains.contains(&domain))
    }
}

/// Returns the providers with this issuer, one per enterprise; only this one if it is given.
pub(super) async fn of_issuer(
    tx: &IdentityTx,
    issuer: &str,
    only: Option<IdentityProviderId>,
) -> Result<Vec<Provider>, StoreError> {
    const OF_ISSUER: &str = "-- identity_provider.of_issuer
        SELECT enterprise_id, id, jwks_uri, jwks, jwks_read_at, domains
          FROM identity_providers WHERE issuer = $1 AND ($2::uuid IS NULL OR id = $2) ORDER BY created_at, id LIMIT $3";
    let provider = |row: &Row| Provider {
        enterprise: EnterpriseId(row.get("enterprise_id")),
        id: IdentityProviderId(row.get("id")),
        jwks_uri: row.get("jwks_uri"),
        jwks: row.get("jwks"),
        jwks_read_at: row.get("jwks_read_at"),
        domains: row.get("domains"),
    };
    Ok(tx
        .query(OF_ISSUER, &[&issuer, &only.map(|only| only.uuid()), &MOST])
        .await?
        .iter()
        .map(provider)
        .collect())
}

/// Locks a provider until the transaction ends, so that it is not removed meanwhile; returns false if it was.
pub(super) async fn lock(tx: &IdentityTx, provider: &Provider) -> Result<bool, StoreError> {
    const LOCK: &str = "-- identity_provider.lock
        SELECT FROM identity_providers WHERE enterprise_id = $1 AND id = $2 FOR KEY SHARE";
    Ok(tx.query_opt(LOCK, &[&provider.enterprise.uuid(), &provider.id.uuid()]).await?.is_some())
}

/// Stores keys that were read.
pub(super) async fn update_keys(
    tx: &IdentityTx,
    provider: &Provider,
    jwks: &Value,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    const UPDATE_KEYS: &str = "-- identity_provider.update_keys
        UPDATE identity_providers SET jwks = $3, jwks_read_at = $4 WHERE enterprise_id = $1 AND id = $2";
    tx.execute(UPDATE_KEYS, &[&provider.enterprise.uuid(), &provider.id.uuid(), jwks, &now]).await.map(drop)
}

/// Whether a subject is linked to an active account of the enterprise, or the address is the one of such an account.
pub(super) async fn knows(
    tx: &IdentityTx,
    provider: &Provider,
    subject: &str,
    email: Option<&str>,
) -> Result<bool, StoreError> {
    const KNOWS: &str = "-- identity_link.knows
        SELECT EXISTS (SELECT FROM identity_links l JOIN users u ON u.enterprise_id = l.enterprise_id AND u.id = l.user_id
                        WHERE l.enterprise_id = $1 AND l.provider_id = $2 AND l.subject = $3 AND u.status = 'active')
            OR EXISTS (SELECT FROM users
                        WHERE enterprise_id = $1 AND lower(email) = lower($4::text) AND status = 'active'
                          AND kind = 'person')";
    let (enterprise, id) = (provider.enterprise.uuid(), provider.id.uuid());
    Ok(tx.query_one(KNOWS, &[&enterprise, &id, &subject, &email]).await?.get(0))
}

/// Returns the user that a provider means: the one linked to the subject, or else the one whose address it vouches for,
/// who is linked to the subject from then on.
pub(super) async fn person(
    tx: &IdentityTx,
    provider: &Provider,
    subject: &str,
    email: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, StoreError> {
    const LINKED: &str = "-- identity_link.lookup
        SELECT user_id FROM identity_links WHERE enterprise_id = $1 AND provider_id = $2 AND subject = $3";
    const LINK: &str = "-- identity_link.insert
        INSERT INTO identity_links (enterprise_id, provider_id, subject, user_id, created_at)
        SELECT u.enterprise_id, $2, $3, u.id, $5 FROM users u
         WHERE u.enterprise_id = $1 AND lower(u.email) = lower($4::text) AND u.status = 'active'
           AND u.kind = 'person'
        ON CONFLICT (enterprise_id, provider_id, subject) DO UPDATE SET subject = excluded.subject
        RETURNING user_id";
    let (enterprise, id) = (provider.enterprise.uuid(), provider.id.uuid());
    let linked = tx.query_opt(LINKED, &[&enterprise, &id, &subject]).await?;
    let linked = match linked {
        Some(row) => Some(row),
        None => tx.query_opt(LINK, &[&enterprise, &id, &subject, &email, &now]).await?,
    };
    Ok(linked.map(|row| UserId(row.get("user_id"))))
}

fn view(row: &Row) -> ProviderView {
    ProviderView {
        id: IdentityProviderId(row.get("id")),
        name: row.get("name"),
        issuer: row.get("issuer"),
        jwks_uri: row.get("jwks_uri"),
        domains: row.get("domains"),
        created_at: row.get("created_at"),
    }
}

/// Inserts a provider; returns false if the issuer already exists.
pub(super) async fn insert(
    tx: &IdentityTx,
    caller: &AuthContext,
    new: &ProviderView,
    jwks: &Value,
) -> Result<bool, StoreError> {
    const INSERT: &str = "-- identity_provider.insert
        INSERT INTO identity_providers (enterprise_id, id, name, issuer, jwks_uri, jwks, jwks_read_at, domains, created_at,
                                        created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9)
        ON CONFLICT (enterprise_id, issuer) DO NOTHING";
    let inserted = tx
        .execute(
            INSERT,
            &[
                &caller.enterprise_id().uuid(),
                &new.id.uuid(),
                &new.name,
                &new.issuer,
                &new.jwks_uri,
                jwks,
                &new.created_at,
                &new.domains,
                &caller.user_id().uuid(),
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Lists the providers of the caller's enterprise, oldest first.
pub(super) async fn list(
    tx: &IdentityTx,
    caller: &AuthContext,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<ProviderView>, StoreError> {
    const LIST: &str = "-- identity_provider.list
        SELECT id, name, issuer, jwks_uri, domains, created_at
          FROM identity_providers
         WHERE enterprise_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
         ORDER BY created_at, id
         LIMIT $4";
    let (at, id) = (after.map(|after| after.created_at), after.map(|after| after.id));
    let rows = tx.query(LIST, &[&caller.enterprise_id().uuid(), &at, &id, &i64::from(most)]).await?;
    Ok(rows.iter().map(view).collect())
}

/// Whether the caller's enterprise trusts this provider.
pub(super) async fn exists(
    tx: &IdentityTx,
    caller: &AuthContext,
    id: IdentityProviderId,
) -> Result<bool, StoreError> {
    const EXISTS: &str = "-- identity_provider.exists
        SELECT EXISTS (SELECT FROM identity_providers WHERE enterprise_id = $1 AND id = $2)";
    Ok(tx.query_one(EXISTS, &[&caller.enterprise_id().uuid(), &id.uuid()]).await?.get(0))
}

/// Deletes a provider, with its applications and the subjects linked to it; returns false if there is none.
pub(super) async fn delete(
    tx: &IdentityTx,
    caller: &AuthContext,
    id: IdentityProviderId,
) -> Result<bool, StoreError> {
    const DELETE: &str = "-- identity_provider.delete
        DELETE FROM identity_providers WHERE enterprise_id = $1 AND id = $2";
    Ok(tx.execute(DELETE, &[&caller.enterprise_id().uuid(), &id.uuid()]).await? == 1)
}
