//! `oauth_clients`.

use chrono::{DateTime, Utc};

use super::{Client, GrantType, KEPT, PREFIX, Proof};
use crate::access::{IdentityTx, SecretHash};
use crate::db::StoreError;

/// An application of that kind which is not forgotten yet.
pub(super) async fn lookup(
    tx: &IdentityTx,
    id: &str,
    source: &str,
    now: DateTime<Utc>,
) -> Result<Option<Client>, StoreError> {
    const LOOKUP: &str = "-- oauth_client.lookup
        SELECT id, name, uri, redirect_uris, grant_types, secret_hash
          FROM oauth_clients WHERE id = $1 AND source = $2 AND expires_at > $3";
    let row = tx.query_opt(LOOKUP, &[&id, &source, &now]).await?;
    row.map(|row| {
        let corrupt = |_| StoreError::Corrupt {
            table: "oauth_clients",
            column: "secret_hash",
            problem: "not 32 bytes".to_owned(),
        };
        let hash = row.get::<_, Option<Vec<u8>>>("secret_hash");
        let hash = hash.map(SecretHash::stored).transpose().map_err(corrupt)?;
        let grant_types: Vec<String> = row.get("grant_types");
        Ok(Client {
            id: row.get("id"),
            name: row.get("name"),
            uri: row.get("uri"),
            redirect_uris: row.get("redirect_uris"),
            grant_types: grant_types.iter().filter_map(|name| GrantType::find(name)).collect(),
            proof: hash.map_or(Proof::None, Proof::Secret),
        })
    })
    .transpose()
}

/// Adds an application, or what its document says by now.
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
                                   expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (id) DO UPDATE
           SET name = excluded.name, uri = excluded.uri, redirect_uris = excluded.redirect_uris,
               grant_types = excluded.grant_types, expires_at = excluded.expires_at";
    let grant_types: Vec<&str> = client.grant_types.iter().map(|it| it.as_str()).collect();
    let hash = match &client.proof {
        Proof::None => None,
        Proof::Secret(hash) => Some(hash.as_bytes()),
    };
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
        ],
    )
    .await
    .map(drop)
}

/// Notes that a registered application was given something: it is kept for longer.
pub(in crate::identity::oauth) async fn used(
    tx: &IdentityTx,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // Not on every use: a month is precise enough, and keeps tokens from writing.
    const USED: &str = "-- oauth_client.used
        UPDATE oauth_clients SET expires_at = $2 WHERE id = $1 AND expires_at < $3";
    if !client.id.starts_with(PREFIX) {
        return Ok(());
    }
    let (kept, soon) = (now + KEPT, now + KEPT - chrono::TimeDelta::days(30));
    tx.execute(USED, &[&client.id, &kept, &soon]).await.map(drop)
}

/// Deletes some of those whose time is over, as far as nobody else does.
pub(super) async fn forget_unused(tx: &IdentityTx, now: DateTime<Utc>) -> Result<(), StoreError> {
    const FORGET: &str = "-- oauth_client.forget_unused
        DELETE FROM oauth_clients
         WHERE id IN (SELECT id FROM oauth_clients WHERE expires_at < $1
                       ORDER BY expires_at LIMIT 50 FOR UPDATE SKIP LOCKED)";
    tx.execute(FORGET, &[&now]).await.map(drop)
}
