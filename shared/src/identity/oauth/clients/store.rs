//! `oauth_clients` and `oauth_client_assertions`.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;

use super::{Client, GrantType, KEPT, Keys, PREFIX, PRIVATE_KEY_JWT, Proof, RegisteredApplication};
use crate::access::{AuthContext, IdentityTx, SecretHash};
use crate::db::StoreError;
use crate::ids::IdentityProviderId;
use crate::page::Cursor;

/// A value that no secret hashes to. Code before V75, which may still run side by side, refuses a client with such a
/// secret, but would take one without a secret for a public client.
const NOBODYS: [u8; 32] = [0; 32];

/// Returns a client from this source, unless it has expired.
pub(super) async fn lookup(
    tx: &IdentityTx,
    id: &str,
    source: &str,
    now: DateTime<Utc>,
) -> Result<Option<Client>, StoreError> {
    const LOOKUP: &str = "-- oauth_client.lookup
        SELECT id, name, uri, redirect_uris, grant_types, auth_method, secret_hash, jwks_uri, jwks, jwks_read_at, signing_alg,
               provider_id
          FROM oauth_clients WHERE id = $1 AND source = $2 AND expires_at > $3";
    let row = tx.query_opt(LOOKUP, &[&id, &source, &now]).await?;
    row.map(|row| {
        let grant_types: Vec<String> = row.get("grant_types");
        Ok(Client {
            id: row.get("id"),
            name: row.get("name"),
            uri: row.get("uri"),
            redirect_uris: row.get("redirect_uris"),
            grant_types: grant_types.iter().filter_map(|name| GrantType::find(name)).collect(),
            provider: row.get::<_, Option<_>>("provider_id").map(IdentityProviderId),
            proof: proof(&row)?,
        })
    })
    .transpose()
}

fn proof(row: &Row) -> Result<Proof, StoreError> {
    if row.get::<_, &str>("auth_method") == PRIVATE_KEY_JWT {
        let algorithm: Option<&str> = row.get("signing_alg");
        let algorithm = algorithm.map(str::parse).transpose();
        return Ok(Proof::Keys(Keys {
            uri: row.get("jwks_uri"),
            jwks: row.get("jwks"),
            algorithm: algorithm.map_err(|_| corrupt("signing_alg", "not an algorithm"))?,
            read_at: row.get("jwks_read_at"),
        }));
    }
    let hash = row.get::<_, Option<Vec<u8>>>("secret_hash").map(SecretHash::stored).transpose();
    let hash = hash.map_err(|_| corrupt("secret_hash", "not 32 bytes"))?;
    Ok(hash.map_or(Proof::None, Proof::Secret))
}

fn corrupt(column: &'static str, problem: &str) -> StoreError {
    StoreError::Corrupt { table: "oauth_clients", column, problem: problem.to_owned() }
}

/// Inserts a client, or updates it from its document.
pub(super) async fn put(
    tx: &IdentityTx,
    client: &Client,
    source: &str,
    auth_method: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    const PUT: &str = "-- oauth_client.put
        INSERT INTO oauth_clients (id, source, name, uri, redirect_uris, grant_types, auth_method, secret_hash, created_at,
                                   expires_at, jwks_uri, jwks, signing_alg)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (id) DO UPDATE
           SET name = excluded.name, uri = excluded.uri, redirect_uris = excluded.redirect_uris,
               grant_types = excluded.grant_types, expires_at = excluded.expires_at, auth_method = excluded.auth_method,
               secret_hash = excluded.secret_hash, jwks_uri = excluded.jwks_uri, signing_alg = excluded.signing_alg,
               jwks = CASE WHEN excluded.jwks_uri = oauth_clients.jwks_uri THEN oauth_clients.jwks ELSE excluded.jwks END,
               jwks_read_at = CASE WHEN excluded.jwks_uri = oauth_clients.jwks_uri THEN oauth_clients.jwks_read_at END";
    let grant_types: Vec<&str> = client.grant_types.iter().map(|it| it.as_str()).collect();
    let hash = match &client.proof {
        Proof::None => None,
        Proof::Secret(hash) => Some(hash.as_bytes()),
        Proof::Keys(_) => Some(NOBODYS.as_slice()),
    };
    let keys = client.keys();
    let algorithm = keys.and_then(|keys| keys.algorithm).map(|known| format!("{known:?}"));
    tx.execute(
        PUT,
        &[
            &client.id,
            &source,
            &client.name,
            &client.uri,
            &client.redirect_uris,
            &grant_types,
            &auth_method,
            &hash,
            &now,
            &expires_at,
            &keys.and_then(|keys| keys.uri.as_ref()),
            &keys.and_then(|keys| keys.jwks.as_ref()),
            &algorithm,
        ],
    )
    .await
    .map(drop)
}

/// Stores keys that were read, or only that an attempt was made.
pub(super) async fn update_keys(
    tx: &IdentityTx,
    client: &Client,
    jwks: Option<&Value>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    const UPDATE_KEYS: &str = "-- oauth_client.update_keys
        UPDATE oauth_clients SET jwks = coalesce($2, jwks), jwks_read_at = $3 WHERE id = $1";
    tx.execute(UPDATE_KEYS, &[&client.id, &jwks, &now]).await.map(drop)
}

/// Spends an assertion; returns false if it was used before. Also deletes some expired ones.
pub(super) async fn spend(
    tx: &IdentityTx,
    client: &str,
    jti: &str,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const SPEND: &str = "-- oauth_client.spend_assertion
        WITH old AS (SELECT client_id, jti_hash FROM oauth_client_assertions WHERE expires_at < $4
                      ORDER BY expires_at LIMIT 50 FOR UPDATE SKIP LOCKED),
             forgotten AS (DELETE FROM oauth_client_assertions a USING old
                            WHERE a.client_id = old.client_id AND a.jti_hash = old.jti_hash)
        INSERT INTO oauth_client_assertions (client_id, jti_hash, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING";
    let hash = SecretHash::of(jti);
    Ok(tx.execute(SPEND, &[&client, &hash.as_bytes(), &expires_at, &now]).await? == 1)
}

/// Locks a client until the transaction ends, so that it is not removed meanwhile; returns false if it was.
pub(super) async fn lock(tx: &IdentityTx, client: &str) -> Result<bool, StoreError> {
    const LOCK: &str = "-- oauth_client.lock
        SELECT FROM oauth_clients WHERE id = $1 FOR KEY SHARE";
    Ok(tx.query_opt(LOCK, &[&client]).await?.is_some())
}

/// Records that a registered client was given tokens, which extends its life; returns whether this is the first time.
pub(super) async fn used(tx: &IdentityTx, client: &Client, now: DateTime<Utc>) -> Result<bool, StoreError> {
    // Not on every use: the precision of a month suffices, and saves a write per token.
    const USED: &str = "-- oauth_client.used
        UPDATE oauth_clients c SET expires_at = $2 FROM oauth_clients before
         WHERE c.id = $1 AND before.id = c.id AND c.expires_at < $3
        RETURNING before.expires_at <= c.created_at + interval '30 days' AS first";
    if !client.id.starts_with(PREFIX) {
        return Ok(false);
    }
    let (kept, soon) = (now + KEPT, now + KEPT - chrono::TimeDelta::days(30));
    let row = tx.query_opt(USED, &[&client.id, &kept, &soon]).await?;
    Ok(row.is_some_and(|row| row.get("first")))
}

/// Deletes some expired clients, skipping those locked by others. A document is kept for longer than any grant of its
/// client, because it may be unavailable when a grant is used.
pub(super) async fn forget_unused(tx: &IdentityTx, now: DateTime<Utc>) -> Result<(), StoreError> {
    const FORGET: &str = "-- oauth_client.forget_unused
        DELETE FROM oauth_clients
         WHERE id IN (SELECT id FROM oauth_clients
                       WHERE expires_at < $1 AND (source <> 'document' OR expires_at < $2)
                       ORDER BY expires_at LIMIT 50 FOR UPDATE SKIP LOCKED)";
    tx.execute(FORGET, &[&now, &(now - KEPT)]).await.map(drop)
}

/// Inserts an application of a provider of the caller's enterprise. Its registration does not expire.
pub(in crate::identity::oauth) async fn put_for_good(
    tx: &IdentityTx,
    caller: &AuthContext,
    provider: IdentityProviderId,
    client: &Client,
) -> Result<RegisteredApplication, StoreError> {
    const KEEP: &str = "-- oauth_client.keep
        UPDATE oauth_clients SET enterprise_id = $2, provider_id = $3, expires_at = 'infinity' WHERE id = $1
        RETURNING id, name, auth_method, created_at, md5(id)::uuid AS key";
    let method = if client.keys().is_some() { PRIVATE_KEY_JWT } else { "client_secret_basic" };
    let now = caller.request().at;
    put(tx, client, "registration", method, now, now + KEPT).await?;
    let row = tx.query_one(KEEP, &[&client.id, &caller.enterprise_id().uuid(), &provider.uuid()]).await?;
    Ok(application(&row))
}

/// Lists the applications of a provider of the caller's enterprise, oldest first.
pub(in crate::identity::oauth) async fn of_provider(
    tx: &IdentityTx,
    caller: &AuthContext,
    provider: IdentityProviderId,
    after: Option<Cursor>,
    most: u32,
) -> Result<Vec<RegisteredApplication>, StoreError> {
    const OF_PROVIDER: &str = "-- oauth_client.of_provider
        SELECT id, name, auth_method, created_at, md5(id)::uuid AS key
          FROM oauth_clients
         WHERE enterprise_id = $1 AND provider_id = $2
           AND ($3::timestamptz IS NULL OR (created_at, md5(id)::uuid) > ($3, $4::uuid))
         ORDER BY created_at, md5(id)::uuid
         LIMIT $5";
    let (at, id) = (after.map(|after| after.created_at), after.map(|after| after.id));
    let (enterprise, provider) = (caller.enterprise_id().uuid(), provider.uuid());
    let rows = tx.query(OF_PROVIDER, &[&enterprise, &provider, &at, &id, &i64::from(most)]).await?;
    Ok(rows.iter().map(application).collect())
}

/// Deletes an application of a provider of the caller's enterprise; returns false if there is none.
pub(in crate::identity::oauth) async fn remove(
    tx: &IdentityTx,
    caller: &AuthContext,
    provider: IdentityProviderId,
    client: &str,
) -> Result<bool, StoreError> {
    const REMOVE: &str = "-- oauth_client.remove
        DELETE FROM oauth_clients WHERE enterprise_id = $1 AND provider_id = $2 AND id = $3";
    let (enterprise, provider) = (caller.enterprise_id().uuid(), provider.uuid());
    Ok(tx.execute(REMOVE, &[&enterprise, &provider, &client]).await? == 1)
}

fn application(row: &Row) -> RegisteredApplication {
    RegisteredApplication {
        client_id: row.get("id"),
        name: row.get("name"),
        token_endpoint_auth_method: row.get("auth_method"),
        created_at: row.get("created_at"),
        key: row.get("key"),
    }
}
