//! The hash chain over each enterprise's rows: sealing it, verifying it, and finding its head.
//!
//! Each link hashes the link before it, its own number and its row (`mem0.audit_link`, `mem0.audit_row_hash`). Rows
//! commit unchained and [`seal`] chains them afterwards, so requests never wait for each other; V31 and ADR 13 explain
//! why no row can be missed. Rewriting the whole chain in the database is detected by an [`Anchor`] that was stored
//! elsewhere before, by a person or by a job ([`put_away`]).

mod anchors;
mod store;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use anchors::{Anchors, put_away};

use super::Entry;
use crate::access::{Action, AuthContext, Gate, TenantTx};
use crate::db::{Database, StoreError};
use crate::error::{Error, Result};
use crate::ids::{AuditId, EnterpriseId};
use crate::metrics;

/// Rows that one transaction chains.
const SEAL_BATCH: i32 = 5_000;
/// Links that one statement verifies.
const VERIFY_BATCH: i64 = 10_000;
/// Links that one request verifies.
const VERIFY_MOST: i64 = 200_000;
/// Anchors that one request compares.
const MOST_ANCHORS: usize = 1_000;
/// Rows are chained within moments. A row that is this much older than those chained before it was inserted later.
const BACKDATED: TimeDelta = TimeDelta::hours(1);

/// A position in a chain and its hash. Kept elsewhere, it later proves whether everything up to that position is
/// unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The link's number; 0 is the beginning of the chain.
    pub seq: i64,
    /// The link's hash, in hexadecimal.
    pub hash: String,
}

/// The head of a chain.
#[derive(Debug, Clone, Serialize)]
pub struct Head {
    /// The last link.
    #[serde(flatten)]
    pub anchor: Anchor,
    /// When it was made.
    pub sealed_at: Option<DateTime<Utc>>,
    /// The number of rows that are not chained yet.
    pub unsealed: i64,
}

/// What can be wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A row differs from what was chained.
    Changed,
    /// A chained row or a link is missing.
    Removed,
    /// A row was inserted later than it claims.
    Inserted,
    /// A link does not follow from the one before: the order was changed.
    Reordered,
    /// The chain is consistent, but is not the one that the anchor was taken from.
    Rewritten,
    /// The chain does not reach the anchor's position: it was truncated, or the anchor was never part of it.
    Unknown,
}

/// The first fault in a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The fault.
    pub fault: Fault,
    /// The position in the chain; `None` for a row that is not in it.
    pub seq: Option<i64>,
    /// The row, if it can be identified.
    pub id: Option<AuditId>,
    /// When the row says it was written.
    pub at: Option<DateTime<Utc>>,
}

/// The result of verifying a chain.
#[derive(Debug, Clone, Serialize)]
pub struct Verification {
    /// The enterprise that the chain belongs to.
    pub enterprise: EnterpriseId,
    /// Whether everything up to `to` is as it was written.
    pub intact: bool,
    /// The link that verification began after; it is not verified itself.
    pub from: i64,
    /// The last link that was verified.
    pub to: Anchor,
    /// The first fault, if any.
    pub problem: Option<Problem>,
    /// Where to continue, if the chain is longer than one request verifies.
    pub next: Option<Anchor>,
    /// The number of rows that are not chained yet.
    pub unsealed: i64,
}

/// What to verify.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Start after this link instead of at the beginning; it is first compared as an anchor.
    pub after: Option<Anchor>,
    /// Anchors taken earlier.
    #[serde(default)]
    pub anchors: Vec<Anchor>,
}

/// The result of one step of sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// The number of rows newly chained.
    pub rows: u64,
    /// Whether there are more.
    pub more: bool,
}

/// Chains some of the rows that are not chained yet, for every enterprise. Rows of transactions that are not older than
/// every running one are left for the next run. Two concurrent runs do not disturb each other: one of them does
/// nothing.
pub async fn seal(gate: &Gate) -> Result<Sealed> {
    let tx = gate.upkeep("audit.seal").await?;
    let (rows, more) = store::seal(&tx, SEAL_BATCH).await?;
    tx.commit().await?;
    Ok(Sealed { rows: u64::from(rows.unsigned_abs()), more })
}

/// The result of verifying a chain in the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The enterprise that the chain belongs to.
    pub enterprise: EnterpriseId,
    /// How far it was verified.
    pub to: Anchor,
    /// The first fault, if any.
    pub problem: Option<Problem>,
}

/// Verifies part of a chain that has not been verified for a day; returns `None` if there is no such chain. The result
/// goes to this process's log, out of reach of anyone who can only change the database: a broken chain as an error and
/// a metric that an alarm watches, the head of an intact one as an anchor.
pub async fn check(gate: &Gate) -> Result<Option<Checked>> {
    let tx = gate.upkeep("audit.check").await?;
    let checked = store::check(&tx, VERIFY_BATCH).await?;
    tx.commit().await?;
    let Some((checked, complete)) = checked else { return Ok(None) };
    let (enterprise, Anchor { seq, hash }) = (checked.enterprise.to_string(), &checked.to);
    metrics::audit(checked.problem.is_some());
    match &checked.problem {
        Some(problem) => {
            tracing::error!(tenant.id = enterprise, ?problem, "the audit log was tampered with");
        }
        None if complete => {
            tracing::info!(
                tenant.id = enterprise,
                anchor.seq = seq,
                anchor.hash = hash,
                "the audit log is intact"
            );
        }
        None => {}
    }
    Ok(Some(checked))
}

/// Creates the partitions for the coming months; returns how many were missing.
pub async fn extend(gate: &Gate) -> Result<u64> {
    let tx = gate.upkeep("audit.extend").await?;
    let made = store::extend(&tx).await?;
    tx.commit().await?;
    Ok(u64::from(made.unsigned_abs()))
}

/// Deletes the oldest month that nobody retains any longer, once all of its rows are chained and unchanged; returns
/// how many months were deleted, 1 or 0. Its links remain, and so does a row in each enterprise's log with the number
/// of rows deleted and the newest one's place in the chain.
pub async fn retire(gate: &Gate) -> Result<u64> {
    let tx = gate.upkeep("audit.retire").await?;
    let retired = store::retire(&tx, gate.clock.now()).await?;
    tx.commit().await?;
    Ok(u64::from(retired.unsigned_abs()))
}

/// Returns the head of the enterprise's chain.
pub async fn head(ctx: &AuthContext, db: &Database) -> Result<Head> {
    super::authorize(ctx, Action::ReadAudit)?;
    let tx = ctx.begin(db, "audit.head").await?;
    let head = store::head(&tx).await?;
    super::commit_read(tx, Entry::of("audit.anchor").with(json!({ "seq": head.anchor.seq }))).await?;
    Ok(head)
}

/// Verifies the enterprise's chain and returns the first fault.
pub async fn verify(ctx: &AuthContext, db: &Database, asked: Verify) -> Result<Verification> {
    super::authorize(ctx, Action::ReadAudit)?;
    if asked.anchors.len() > MOST_ANCHORS {
        let found = asked.anchors.len();
        return Err(Error::invalid("anchors", format!("must be at most {MOST_ANCHORS}, found {found}")));
    }
    for (index, anchor) in asked.after.iter().chain(&asked.anchors).enumerate() {
        let digest = anchor.hash.len() == 64 && anchor.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if anchor.seq < 0 || !digest {
            let place = match (&asked.after, index.checked_sub(usize::from(asked.after.is_some()))) {
                (Some(_), None) => "after".to_owned(),
                (_, index) => format!("anchors[{}]", index.unwrap_or_default()),
            };
            return Err(match digest {
                true => Error::invalid(format!("{place}.seq"), "must not be negative"),
                false => Error::invalid(format!("{place}.hash"), "must be 64 hexadecimal digits"),
            });
        }
    }
    let tx = ctx.begin(db, "audit.verify").await?;
    let verification = follow(&tx, ctx.enterprise_id(), &asked, VERIFY_MOST).await?;
    let details = json!({ "intact": verification.intact, "to": verification.to.seq });
    super::record(&tx, Entry::of("audit.verify").with(details)).await?;
    tx.commit().await?;
    if let Some(problem) = &verification.problem {
        let enterprise = ctx.enterprise_id().to_string();
        match problem.fault {
            // The anchor comes from the caller, who may be mistaken or want to cause alarm.
            Fault::Rewritten | Fault::Unknown => {
                tracing::warn!(tenant.id = enterprise, ?problem, "an anchor is not of the audit log's chain");
            }
            _ => tracing::error!(tenant.id = enterprise, ?problem, "the audit log was tampered with"),
        }
    }
    Ok(verification)
}

async fn follow(
    tx: &TenantTx<'_>,
    enterprise: EnterpriseId,
    asked: &Verify,
    most: i64,
) -> Result<Verification, StoreError> {
    let head = store::head(tx).await?;
    let mut verification = Verification {
        enterprise,
        intact: true,
        from: asked.after.as_ref().map_or(0, |after| after.seq),
        to: asked.after.clone().unwrap_or(Anchor { seq: 0, hash: String::new() }),
        problem: None,
        next: None,
        unsealed: head.unsealed,
    };
    let anchors: Vec<&Anchor> = asked.after.iter().chain(&asked.anchors).collect();
    let mut problem = store::rewritten(tx, &anchors, head.anchor.seq).await?;
    let mut place = store::place(tx, verification.from).await?;
    let last = verification.from + most;
    while problem.is_none() {
        let step = store::follow(tx, &place, VERIFY_BATCH.min(last - place.seq), BACKDATED).await?;
        problem = step.problem;
        let stopped = step.place.seq == place.seq;
        place = step.place;
        if stopped || place.seq >= last {
            break;
        }
    }
    let complete = problem.is_none() && place.seq < last || place.seq == head.anchor.seq;
    if problem.is_none() && complete {
        // Even a consistent chain must reach the head and contain every row of a finished transaction.
        problem = match head.anchor.seq > place.seq {
            true => Some(Problem { fault: Fault::Removed, seq: Some(place.seq + 1), id: None, at: None }),
            false => store::unchained(tx).await?,
        };
    }
    verification.to = place.anchor();
    if problem.is_none() && !complete {
        verification.next = Some(verification.to.clone());
    }
    verification.intact = problem.is_none();
    verification.problem = problem;
    Ok(verification)
}
