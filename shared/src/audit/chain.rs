//! The chain of hashes over each enterprise's rows: sealing it, following it, and where it ends.
//!
//! Each link hashes the one before, its own number and its row (`mem0.audit_link`, `mem0.audit_row_hash`). Rows commit
//! unchained and [`seal`] chains them afterwards, so requests never wait for each other; why no row can be missed is said
//! in V31 and in ADR 13. Whoever rewrites the whole chain in the database is caught by an [`Anchor`] that was taken
//! away before, by somebody or by a job ([`put_away`]).

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
/// Links that one statement follows.
const VERIFY_BATCH: i64 = 10_000;
/// Links that one request follows.
const VERIFY_MOST: i64 = 200_000;
/// Anchors that one request compares.
const MOST_ANCHORS: usize = 1_000;
/// Rows are chained within moments. One that is so much older than those chained before it came in from the side.
const BACKDATED: TimeDelta = TimeDelta::hours(1);

/// A place in a chain and its hash: kept elsewhere, it shows later whether everything up to there is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The link's number; 0 is the beginning of the chain.
    pub seq: i64,
    /// The link's hash, hexadecimal.
    pub hash: String,
}

/// Where a chain ends.
#[derive(Debug, Clone, Serialize)]
pub struct Head {
    /// The last link.
    #[serde(flatten)]
    pub anchor: Anchor,
    /// When it was made.
    pub sealed_at: Option<DateTime<Utc>>,
    /// Rows that are not chained yet.
    pub unsealed: i64,
}

/// What may be wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A row is not what was chained.
    Changed,
    /// A chained row or a link is gone.
    Removed,
    /// A row came in later than it says.
    Inserted,
    /// A link does not follow from the one before: the order was changed.
    Reordered,
    /// The chain holds together, but is not the one that the anchor is from.
    Rewritten,
    /// The chain does not reach as far as the anchor says: it was cut off, or the anchor never was one.
    Unknown,
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What.
    pub fault: Fault,
    /// Where in the chain; none for a row that is not in it.
    pub seq: Option<i64>,
    /// Which row, if that can be said.
    pub id: Option<AuditId>,
    /// When the row says it was written.
    pub at: Option<DateTime<Utc>>,
}

/// What following a chain showed.
#[derive(Debug, Clone, Serialize)]
pub struct Verification {
    /// Whether everything up to `to` is as it was written.
    pub intact: bool,
    /// The last link that is not verified here: the one it began after.
    pub from: i64,
    /// The last link that was verified.
    pub to: Anchor,
    /// The first thing that is wrong.
    pub problem: Option<Problem>,
    /// Where to go on, if the chain is longer than one request follows.
    pub next: Option<Anchor>,
    /// Rows that are not chained yet.
    pub unsealed: i64,
}

/// What to follow.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Begin after this link instead of at the beginning; it is compared as an anchor first.
    pub after: Option<Anchor>,
    /// Anchors that were taken away earlier.
    #[serde(default)]
    pub anchors: Vec<Anchor>,
}

/// What a step of chaining did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// How many rows are chained now that were not before.
    pub rows: u64,
    /// Whether there are more.
    pub more: bool,
}

/// Chains some of what is not chained yet, of every enterprise. Rows of transactions that are not older than every
/// running one wait for the next time. Two at a time do not disturb each other: one of them does nothing.
pub async fn seal(gate: &Gate) -> Result<Sealed> {
    let tx = gate.upkeep("audit.seal").await?;
    let (rows, more) = store::seal(&tx, SEAL_BATCH).await?;
    tx.commit().await?;
    Ok(Sealed { rows: u64::from(rows.unsigned_abs()), more })
}

/// What following a chain on behalf of nobody showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Whose.
    pub enterprise: EnterpriseId,
    /// How far it was followed.
    pub to: Anchor,
    /// The first thing that is wrong.
    pub problem: Option<Problem>,
}

/// Follows a part of a chain that was not followed for a day; none if all were. What it finds is in this process's log,
/// out of the reach of whoever can only change the database: a broken chain as an error and as a metric that an alarm watches,
/// and the head of an intact one, which is an anchor.
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

/// Makes the months ahead ready for rows; how many were not.
pub async fn extend(gate: &Gate) -> Result<u64> {
    let tx = gate.upkeep("audit.extend").await?;
    let made = store::extend(&tx).await?;
    tx.commit().await?;
    Ok(u64::from(made.unsigned_abs()))
}

/// Takes away the oldest month that nobody keeps any longer, once all of it is chained as it is; how many, 1 or 0. What is
/// left of it are its links and a row that says where they stood.
pub async fn retire(gate: &Gate) -> Result<u64> {
    let tx = gate.upkeep("audit.retire").await?;
    let retired = store::retire(&tx, gate.clock.now()).await?;
    tx.commit().await?;
    Ok(u64::from(retired.unsigned_abs()))
}

/// Where the enterprise's chain ends.
pub async fn head(ctx: &AuthContext, db: &Database) -> Result<Head> {
    ctx.authorize(Action::ReadAudit, ctx.enterprise()?)?;
    let tx = ctx.begin(db, "audit.head").await?;
    let head = store::head(&tx).await?;
    super::commit_read(tx, Entry::of("audit.anchor").with(json!({ "seq": head.anchor.seq }))).await?;
    Ok(head)
}

/// Follows the enterprise's chain and names the first thing that is wrong.
pub async fn verify(ctx: &AuthContext, db: &Database, asked: Verify) -> Result<Verification> {
    ctx.authorize(Action::ReadAudit, ctx.enterprise()?)?;
    if asked.anchors.len() > MOST_ANCHORS {
        let found = asked.anchors.len();
        return Err(Error::invalid("anchors", format!("must be at most {MOST_ANCHORS}, found {found}")));
    }
    for (index, anchor) in asked.after.iter().chain(&asked.anchors).enumerate() {
        let digest = anchor.hash.len() == 64 && anchor.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if anchor.seq < 0 || !digest {
            let field = if index == 0 && asked.after.is_some() { "after" } else { "anchors" };
            return Err(Error::invalid(field, "seq must not be negative and hash be 64 hexadecimal digits"));
        }
    }
    let tx = ctx.begin(db, "audit.verify").await?;
    let verification = follow(&tx, &asked, VERIFY_MOST).await?;
    let details = json!({ "intact": verification.intact, "to": verification.to.seq });
    super::record(&tx, Entry::of("audit.verify").with(details)).await?;
    tx.commit().await?;
    if let Some(problem) = &verification.problem {
        let enterprise = ctx.enterprise_id().to_string();
        match problem.fault {
            // Whoever asks says what it should be; they may err, or mean to alarm somebody.
            Fault::Rewritten | Fault::Unknown => {
                tracing::warn!(tenant.id = enterprise, ?problem, "an anchor is not of the audit log's chain");
            }
            _ => tracing::error!(tenant.id = enterprise, ?problem, "the audit log was tampered with"),
        }
    }
    Ok(verification)
}

async fn follow(tx: &TenantTx<'_>, asked: &Verify, most: i64) -> Result<Verification, StoreError> {
    let head = store::head(tx).await?;
    let mut verification = Verification {
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
        // Whatever the chain says, it must reach the head, and every row of a finished transaction be in it.
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
