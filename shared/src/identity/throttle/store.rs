//! `login_attempts`.

use chrono::{DateTime, Utc};

use super::Bucket;
use crate::access::IdentityTx;
use crate::db::StoreError;

/// Counts a failure and returns until when the bucket is now blocked, if it is; `None` if it was already blocked, and
/// nothing was counted. One statement, so that concurrent attempts wait for each other on the row.
pub(super) async fn count(
    tx: &IdentityTx,
    bucket: &Bucket,
    now: DateTime<Utc>,
) -> Result<Option<Option<DateTime<Utc>>>, StoreError> {
    const COUNT: &str = "-- login_attempt.count
        INSERT INTO login_attempts AS a (bucket, failures, last_failure_at, blocked_until)
        VALUES ($1, 1, $2, CASE WHEN $3 <= 1 THEN $2::timestamptz + least($5::float8, $4::float8) * interval '1 second' END)
        ON CONFLICT (bucket) DO UPDATE
           SET last_failure_at = $2,
               (failures, blocked_until) =
                   (SELECT n, CASE WHEN n >= $3 THEN
                                  $2 + least($5, $4 * 2 ^ least(n - $3, 20)) * interval '1 second' END
                      FROM (SELECT CASE WHEN a.last_failure_at <= $6 THEN 1 ELSE a.failures + 1 END AS n) counted)
         WHERE a.blocked_until IS NULL OR a.blocked_until <= $2
        RETURNING blocked_until";
    let patience = &bucket.patience;
    let (first, longest) = (seconds(patience.first_block), seconds(patience.longest_block));
    let forgotten = now - patience.forgets_after;
    let row =
        tx.query_opt(COUNT, &[&bucket.name, &now, &patience.free, &first, &longest, &forgotten]).await?;
    Ok(row.map(|row| row.get(0)))
}

fn seconds(time: chrono::TimeDelta) -> f64 {
    time.as_seconds_f64()
}

pub(super) async fn blocked_until(
    tx: &IdentityTx,
    bucket: &str,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    const BLOCKED: &str = "-- login_attempt.blocked_until
        SELECT blocked_until FROM login_attempts WHERE bucket = $1";
    Ok(tx.query_opt(BLOCKED, &[&bucket]).await?.and_then(|row| row.get(0)))
}

/// Subtracts one failure; also lifts the block if it is the given one.
pub(super) async fn take_back(
    tx: &IdentityTx,
    bucket: &str,
    block: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    const TAKE_BACK: &str = "-- login_attempt.take_back
        UPDATE login_attempts
           SET failures = greatest(failures - 1, 0), blocked_until = nullif(blocked_until, $2)
         WHERE bucket = $1";
    tx.execute(TAKE_BACK, &[&bucket, &block]).await.map(drop)
}

/// Deletes a bucket, and some old ones, skipping those locked by others.
pub(super) async fn delete(tx: &IdentityTx, bucket: &str, old: DateTime<Utc>) -> Result<(), StoreError> {
    const DELETE: &str = "-- login_attempt.delete
        DELETE FROM login_attempts
         WHERE bucket = $1
            OR bucket IN (SELECT bucket FROM login_attempts
                           WHERE last_failure_at < $2 AND bucket <> $1
                           ORDER BY last_failure_at LIMIT 20 FOR UPDATE SKIP LOCKED)";
    tx.execute(DELETE, &[&bucket, &old]).await.map(drop)
}
