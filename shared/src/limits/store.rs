//! `rate_limits`, only through SQL functions (V32 and later).

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use super::rates::{Limit, Standing};
use crate::access::{AuthContext, IdentityTx, UpkeepTx};
use crate::db::{Database, StoreError};
use crate::error::Result;

/// The tokens taken, and the caller's standing afterwards.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(super) granted: i32,
    pub(super) standing: Standing,
}

impl Taken {
    /// Reads a row of `mem0.admit`.
    pub(crate) fn from_row(granted: i32, row: &Row) -> Self {
        let body_bytes: Option<i32> = row.get("body_bytes");
        let body_bytes = body_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let limits = limits(row.get("limits"), row.get("quotas"), row);
        Self { granted, standing: Standing { limits, body_bytes } }
    }
}

/// Takes tokens from an address's bucket.
pub(super) async fn take_address(
    db: &Database,
    bucket: Uuid,
    quota: i32,
    at: DateTime<Utc>,
    want: i32,
) -> Result<Taken> {
    const TAKE: &str = "-- rate_limit.take_address
        SELECT granted, remaining FROM mem0.take($1, ARRAY[$2::uuid], ARRAY[$3::integer], $4, $5)";
    let rows =
        db.query_alone("rate_limit.take_address", TAKE, &[&Uuid::nil(), &bucket, &quota, &at, &want]).await?;
    let row = one(&rows)?;
    let limits = limits(vec!["address".to_owned()], vec![quota], row);
    Ok(Taken { granted: row.get("granted"), standing: Standing { limits, body_bytes: None } })
}

/// Takes a token from a link's bucket; returns whether there was one.
pub(super) async fn take_link(
    tx: &IdentityTx,
    bucket: Uuid,
    quota: i32,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    const TAKE: &str = "-- rate_limit.take_link
        SELECT granted FROM mem0.take($1, ARRAY[$2::uuid], ARRAY[$3::integer], $4, 1)";
    let row = tx.query_one(TAKE, &[&Uuid::nil(), &bucket, &quota, &at]).await?;
    Ok(row.get::<_, i32>("granted") > 0)
}

/// Takes additional tokens, or records that they are owed. In a transaction of its own, so that other requests do not
/// wait for this one.
pub(super) async fn charge(
    db: &Database,
    caller: &AuthContext,
    key: Option<Uuid>,
    tokens: i32,
) -> Result<(), StoreError> {
    const CHARGE: &str = "-- rate_limit.charge
        SELECT mem0.charge_tokens($1, $2, $3, $4, $5)";
    let (enterprise, user) = (caller.enterprise_id().uuid(), caller.user_id().uuid());
    let at = caller.request().at;
    db.query_alone("rate_limit.charge", CHARGE, &[&enterprise, &user, &key, &at, &tokens]).await.map(drop)
}

fn one(rows: &[Row]) -> Result<&Row, StoreError> {
    let problem = || StoreError::Unavailable("the rate limits gave no answer".to_owned());
    rows.first().ok_or_else(problem)
}

fn limits(names: Vec<String>, quotas: Vec<i32>, row: &Row) -> Vec<Limit> {
    let remaining: Vec<f64> = row.get("remaining");
    let limit = |((name, quota), remaining)| Limit { name, quota, remaining };
    names.into_iter().zip(quotas).zip(remaining).map(limit).collect()
}

pub(super) async fn prune(tx: &UpkeepTx, before: DateTime<Utc>) -> Result<i32, StoreError> {
    const PRUNE: &str = "-- rate_limit.prune
        SELECT mem0.forget_rates($1)";
    tx.query_one(PRUNE, &[&before]).await.map(|row| row.get(0))
}
