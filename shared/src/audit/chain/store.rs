//! `audit_chain`, `audit_heads`: written only by SQL functions (V31 and later).

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use super::anchors::End;
use super::{Anchor, Checked, Fault, Head, Problem};
use crate::access::{TenantTx, UpkeepTx};
use crate::db::StoreError;
use crate::ids::{AuditId, EnterpriseId};

pub(super) async fn seal(tx: &UpkeepTx, most: i32) -> Result<(i32, bool), StoreError> {
    const SEAL: &str = "-- audit_chain.seal
        SELECT sealed, more FROM mem0.seal_audit($1)";
    let row = tx.query_one(SEAL, &[&most]).await?;
    Ok((row.get("sealed"), row.get("more")))
}

pub(super) async fn extend(tx: &UpkeepTx) -> Result<i32, StoreError> {
    const EXTEND: &str = "-- audit_partition.ensure
        SELECT mem0.ensure_audit_partitions()";
    tx.query_one(EXTEND, &[]).await.map(|row| row.get(0))
}

/// Returns the heads of chains that have grown since one was last stored, for enterprises after the given one.
pub(super) async fn heads_to_anchor(
    tx: &UpkeepTx,
    after: Option<EnterpriseId>,
    most: i32,
) -> Result<Vec<End>, StoreError> {
    const TO_ANCHOR: &str = "-- audit_head.to_anchor
        SELECT tenant, seq, hash, sealed_at FROM mem0.heads_to_anchor($1, $2)";
    let end = |row: &Row| End {
        enterprise: EnterpriseId(row.get("tenant")),
        anchor: Anchor { seq: row.get("seq"), hash: row.get("hash") },
        sealed_at: row.get("sealed_at"),
    };
    let rows = tx.query(TO_ANCHOR, &[&after.map(|enterprise| enterprise.uuid()), &most]).await?;
    Ok(rows.iter().map(end).collect())
}

/// Marks a head as stored.
pub(super) async fn note_anchor(tx: &UpkeepTx, end: &End) -> Result<(), StoreError> {
    const NOTE: &str = "-- audit_head.note_anchor
        SELECT mem0.note_anchor($1, $2)";
    tx.execute(NOTE, &[&end.enterprise.uuid(), &end.anchor.seq]).await.map(drop)
}

/// Deletes a month whose retention has ended; returns how many.
pub(super) async fn retire(tx: &UpkeepTx, at: DateTime<Utc>) -> Result<i32, StoreError> {
    const RETIRE: &str = "-- audit_partition.retire
        SELECT mem0.retire_audit($1)";
    tx.query_one(RETIRE, &[&at]).await.map(|row| row.get(0))
}

/// Verifies part of some chain; also returns whether its end was reached.
pub(super) async fn check(tx: &UpkeepTx, most: i64) -> Result<Option<(Checked, bool)>, StoreError> {
    const CHECK: &str = "-- audit_chain.check
        SELECT tenant, seq, hash, complete, fault, bad_seq, bad_id, bad_at FROM mem0.check_audit($1)";
    let row = tx.query_opt(CHECK, &[&i32::try_from(most).unwrap_or(i32::MAX)]).await?;
    let checked = |row: &Row| {
        let fault = match row.get::<_, Option<&str>>("fault") {
            None => None,
            Some("removed") => Some(Fault::Removed),
            Some("reordered") => Some(Fault::Reordered),
            Some("inserted") => Some(Fault::Inserted),
            Some(_) => Some(Fault::Changed),
        };
        Checked {
            enterprise: EnterpriseId(row.get("tenant")),
            to: Anchor { seq: row.get("seq"), hash: row.get("hash") },
            problem: fault.map(|fault| Problem {
                fault,
                seq: row.get("bad_seq"),
                id: row.get::<_, Option<Uuid>>("bad_id").map(AuditId),
                at: row.get("bad_at"),
            }),
        }
    };
    Ok(row.map(|row| (checked(&row), row.get("complete"))))
}

/// How far a chain has been verified.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) seq: i64,
    pub(super) hash: Vec<u8>,
    /// The time of the latest row so far.
    pub(super) latest: Option<DateTime<Utc>>,
}

impl Place {
    pub(super) fn anchor(&self) -> Anchor {
        Anchor { seq: self.seq, hash: hex(&self.hash) }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) async fn head(tx: &TenantTx<'_>) -> Result<Head, StoreError> {
    const HEAD: &str = "-- audit_head.lookup
        SELECT coalesce(h.seq, 0) AS seq, encode(coalesce(h.hash, mem0.audit_genesis($1)), 'hex') AS hash, h.sealed_at,
               (SELECT count(*) FROM audit_log l
                 WHERE l.enterprise_id = $1 AND l.xid >= (SELECT z.xid FROM audit_horizon z)
                   AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.enterprise_id = $1 AND c.id = l.id)) AS unsealed
          FROM (SELECT) one LEFT JOIN audit_heads h ON h.enterprise_id = $1";
    let row = tx.query_one(HEAD, &[&tx.caller().enterprise_id().uuid()]).await?;
    Ok(Head {
        anchor: Anchor { seq: row.get("seq"), hash: row.get("hash") },
        sealed_at: row.get("sealed_at"),
        unsealed: row.get("unsealed"),
    })
}

/// Returns the place after a link, which the next link must follow from. The link itself was compared before.
pub(super) async fn place(tx: &TenantTx<'_>, seq: i64) -> Result<Place, StoreError> {
    const PLACE: &str = "-- audit_chain.lookup
        SELECT coalesce(c.hash, CASE WHEN $2::bigint = 0 THEN mem0.audit_genesis($1) ELSE '' END) AS hash, c.at
          FROM (SELECT) one LEFT JOIN audit_chain c ON c.enterprise_id = $1 AND c.seq = $2";
    let row = tx.query_one(PLACE, &[&tx.caller().enterprise_id().uuid(), &seq]).await?;
    Ok(Place { seq, hash: row.get("hash"), latest: row.get("at") })
}

/// Returns the first of these anchors whose link differs, or is missing from a chain whose head is at `head`.
pub(super) async fn rewritten(
    tx: &TenantTx<'_>,
    anchors: &[&Anchor],
    head: i64,
) -> Result<Option<Problem>, StoreError> {
    const DIFFERENT: &str = "-- audit_chain.find_different
        SELECT a.seq, c.id IS NULL AND a.seq > 0 AS missing, c.at
          FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY a (seq, hash, place)
          LEFT JOIN audit_chain c ON c.enterprise_id = $1 AND c.seq = a.seq
         WHERE lower(a.hash) IS DISTINCT FROM
               encode(CASE WHEN a.seq = 0 THEN mem0.audit_genesis($1) ELSE c.hash END, 'hex')
         ORDER BY a.place LIMIT 1";
    let (seqs, hashes): (Vec<i64>, Vec<&str>) =
        anchors.iter().map(|anchor| (anchor.seq, anchor.hash.as_str())).unzip();
    let row = tx.query_opt(DIFFERENT, &[&tx.caller().enterprise_id().uuid(), &seqs, &hashes]).await?;
    Ok(row.map(|row| {
        let seq: i64 = row.get("seq");
        let fault = match row.get("missing") {
            true if seq > head => Fault::Unknown,
            true => Fault::Removed,
            false => Fault::Rewritten,
        };
        Problem { fault, seq: Some(seq), id: None, at: row.get("at") }
    }))
}

/// The result of verifying some links.
pub(super) struct Step {
    pub(super) place: Place,
    pub(super) problem: Option<Problem>,
}

/// Verifies up to `most` links after a place, stopping at the first fault.
pub(super) async fn follow(
    tx: &TenantTx<'_>,
    from: &Place,
    most: i64,
    backdated: TimeDelta,
) -> Result<Step, StoreError> {
    const FOLLOW: &str = "-- audit_chain.follow
        WITH links AS MATERIALIZED (
            SELECT c.seq, c.at, c.id, c.row_hash, c.hash, l.id IS NULL AS missing, r.month IS NOT NULL AS retired,
                   mem0.audit_row_hash(l) AS found
              FROM (SELECT * FROM audit_chain WHERE enterprise_id = $1 AND seq > $2 ORDER BY seq LIMIT $5) c
              LEFT JOIN audit_log l ON l.enterprise_id = c.enterprise_id AND l.at = c.at AND l.id = c.id
              LEFT JOIN mem0.retired_months($1) r ON r.month = date_trunc('month', c.at AT TIME ZONE 'UTC')::date
        ), told AS (
            SELECT k.*, lag(k.seq, 1, $2::bigint) OVER w AS seq_before, lag(k.hash, 1, $3::bytea) OVER w AS hash_before,
                   greatest(max(k.at) OVER (ORDER BY k.seq ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW),
                            $4::timestamptz) AS latest
              FROM links k WINDOW w AS (ORDER BY k.seq)
        ), judged AS (
            SELECT t.*, CASE WHEN t.seq <> t.seq_before + 1 THEN 'link'
                             WHEN t.hash <> mem0.audit_link(t.hash_before, t.seq, t.row_hash) THEN 'order'
                             WHEN t.missing AND NOT t.retired THEN 'missing'
                             WHEN NOT t.missing AND t.found <> t.row_hash THEN 'content'
                             WHEN t.at < t.latest - $6::float8 * interval '1 second' THEN 'time' END AS problem
              FROM told t
        )
        SELECT j.seq, j.hash, j.at, j.id, j.problem, j.seq_before, greatest(j.latest, j.at) AS latest
          FROM judged j
         ORDER BY j.problem IS NULL, CASE WHEN j.problem IS NULL THEN -j.seq ELSE j.seq END LIMIT 1";
    let enterprise = tx.caller().enterprise_id().uuid();
    let row = tx
        .query_opt(
            FOLLOW,
            &[&enterprise, &from.seq, &from.hash, &from.latest, &most, &backdated.as_seconds_f64()],
        )
        .await?;
    Ok(match row {
        None => Step { place: from.clone(), problem: None },
        Some(row) => step(from, &row),
    })
}

/// Builds the step from the first wrong link, or else from the last correct one.
fn step(from: &Place, row: &Row) -> Step {
    let fault = match row.get::<_, Option<&str>>("problem") {
        None => None,
        Some("link" | "missing") => Some(Fault::Removed),
        Some("order") => Some(Fault::Reordered),
        Some("time") => Some(Fault::Inserted),
        Some(_) => Some(Fault::Changed),
    };
    let Some(fault) = fault else {
        let place = Place { seq: row.get("seq"), hash: row.get("hash"), latest: row.get("latest") };
        return Step { place, problem: None };
    };
    // For a link that is missing, only its number is known.
    let gone = row.get::<_, &str>("problem") == "link";
    let problem = Problem {
        fault,
        seq: Some(if gone { row.get::<_, i64>("seq_before") + 1 } else { row.get("seq") }),
        id: (!gone).then(|| AuditId(row.get("id"))),
        at: (!gone).then(|| row.get("at")),
    };
    Step { place: from.clone(), problem: Some(problem) }
}

/// Returns the first row that is missing from the chain although rows of its transaction's age are chained.
pub(super) async fn unchained(tx: &TenantTx<'_>) -> Result<Option<Problem>, StoreError> {
    const UNCHAINED: &str = "-- audit_chain.find_unchained
        SELECT l.id, l.at FROM audit_log l
         WHERE l.enterprise_id = $1 AND l.xid < (SELECT z.xid FROM audit_horizon z)
           AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.enterprise_id = l.enterprise_id AND c.id = l.id)
         ORDER BY l.at, l.id LIMIT 1";
    let row = tx.query_opt(UNCHAINED, &[&tx.caller().enterprise_id().uuid()]).await?;
    Ok(row.map(|row| Problem {
        fault: Fault::Inserted,
        seq: None,
        id: Some(AuditId(row.get::<_, Uuid>("id"))),
        at: row.get("at"),
    }))
}
