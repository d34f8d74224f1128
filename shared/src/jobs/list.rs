//! All jobs and all kinds of promised work.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use serde::Deserialize;

use super::{Job, Topic, Work, Worker, deliver};
use crate::audit::chain;
use crate::error::{Error, Result};
use crate::idempotency;
use crate::limits;
use crate::memory::{self, Backlog};
use crate::metrics;
use crate::outbox::{self, Message};
use crate::sharing;
use crate::tenancy::{nodes, users};

/// Finished messages are kept for longer than a queue keeps one that it may deliver again (SQS: at most 14 days).
const REMEMBERED: TimeDelta = TimeDelta::days(15);

/// All recurring jobs. Each is quick when there is nothing to do. Jobs with the same interval run in this order: a job
/// that may have hours of work comes last.
pub const JOBS: &[Job] = &[
    Job { name: "outbox.deliver", every: Duration::from_secs(2), run: |worker| deliver(worker).boxed() },
    Job {
        name: "search.review_tiers",
        every: Duration::from_secs(60),
        run: |worker| review_tiers(worker).boxed(),
    },
    Job {
        name: "search.sample_terms",
        every: Duration::from_secs(60),
        run: |worker| memory::sample_terms(&worker.gate).boxed(),
    },
    Job {
        name: "account.forget_leavers",
        every: Duration::from_secs(3600),
        run: |worker| users::forget(&worker.gate, || worker.has_time()).boxed(),
    },
    Job { name: "audit.seal", every: Duration::from_secs(10), run: |worker| seal_audit(worker).boxed() },
    Job { name: "audit.check", every: Duration::from_secs(3600), run: |worker| check_audit(worker).boxed() },
    Job {
        name: "audit.anchor",
        every: Duration::from_secs(3600),
        run: |worker| anchor_audit(worker).boxed(),
    },
    Job {
        name: "audit.extend",
        every: Duration::from_secs(24 * 3600),
        run: |worker| chain::extend(&worker.gate).boxed(),
    },
    Job {
        name: "audit.retire",
        every: Duration::from_secs(24 * 3600),
        run: |worker| retire_audit(worker).boxed(),
    },
    Job { name: "share.expire", every: Duration::from_secs(30), run: |worker| end_shares(worker).boxed() },
    Job {
        name: "rate_limit.prune",
        every: Duration::from_secs(3600),
        run: |worker| limits::prune(&worker.gate).boxed(),
    },
    Job {
        name: "approval.expire",
        every: Duration::from_secs(60),
        run: |worker| sharing::approvals::expire(&worker.gate).boxed(),
    },
    Job {
        name: "idempotency.prune",
        every: Duration::from_secs(3600),
        run: |worker| idempotency::prune(&worker.gate, || worker.has_time()).boxed(),
    },
    Job { name: "outbox.prune", every: Duration::from_secs(3600), run: |worker| prune(worker).boxed() },
    Job { name: "memory.embed", every: Duration::from_secs(5), run: |worker| embed(worker).boxed() },
];

/// All kinds of work that changes and queues may promise.
pub const TOPICS: &[Topic] = &[
    Topic { name: "job.run", work: Work::Beside(|worker, message| run_job(worker, message).boxed()) },
    Topic {
        name: nodes::TOPIC,
        work: Work::Beside(|worker, message| nodes::proceed(&worker.gate, message).boxed()),
    },
    Topic {
        name: users::TOPIC,
        work: Work::Beside(|worker, message| users::proceed(&worker.gate, message).boxed()),
    },
];

/// Delivers promised work, and writes the metrics that alarms watch.
async fn deliver(worker: &Worker) -> Result<u64> {
    let delivered = deliver::all(worker).await?;
    if metrics::enabled() {
        metrics::outbox(&worker.outbox().await?);
    }
    Ok(delivered.finished + delivered.failed)
}

/// Computes missing vectors.
async fn embed(worker: &Worker) -> Result<u64> {
    let mut embedded = 0;
    while worker.has_time() {
        let step = Backlog::step(&worker.gate, &*worker.embedder).await?;
        embedded += step.embedded as u64;
        if step.claimed == 0 || step.away {
            break;
        }
    }
    Ok(embedded)
}

/// Reviews scopes that have outgrown exact search or shrunk enough for it.
async fn review_tiers(worker: &Worker) -> Result<u64> {
    let changed = memory::retier_scopes(&worker.gate).await?;
    Ok(u64::try_from(changed).unwrap_or_default())
}

/// Chains new rows of the audit log.
async fn seal_audit(worker: &Worker) -> Result<u64> {
    let mut sealed = 0;
    while worker.has_time() {
        let some = chain::seal(&worker.gate).await?;
        sealed += some.rows;
        if !some.more {
            break;
        }
    }
    Ok(sealed)
}

/// Ends expired shares. This is only tidying up, since they have no effect from the moment they expire.
async fn end_shares(worker: &Worker) -> Result<u64> {
    let mut ended = 0;
    while worker.has_time() {
        let some = sharing::expiry::end_some(&worker.gate).await?;
        ended += some;
        if some == 0 {
            break;
        }
    }
    Ok(ended)
}

/// Verifies chains of the audit log that were not verified for a day.
async fn check_audit(worker: &Worker) -> Result<u64> {
    let mut parts = 0;
    while worker.has_time() && chain::check(&worker.gate).await?.is_some() {
        parts += 1;
    }
    Ok(parts)
}

/// Stores the heads of the audit log's chains where nobody can change them, if such a place is configured.
async fn anchor_audit(worker: &Worker) -> Result<u64> {
    match &worker.anchors {
        Some(anchors) => chain::put_away(&worker.gate, anchors, || worker.has_time()).await,
        None => Ok(0),
    }
}

/// Deletes months of the audit log that nobody retains any longer.
async fn retire_audit(worker: &Worker) -> Result<u64> {
    let mut retired = 0;
    while worker.has_time() && chain::retire(&worker.gate).await? > 0 {
        retired += 1;
    }
    Ok(retired)
}

async fn prune(worker: &Worker) -> Result<u64> {
    let mut pruned = 0;
    while worker.has_time() {
        let tx = worker.gate.upkeep("outbox.prune").await?;
        let some = outbox::prune(&tx, worker.gate.clock.now() - REMEMBERED).await?;
        tx.commit().await?;
        pruned += u64::try_from(some).unwrap_or_default();
        if some == 0 {
            break;
        }
    }
    Ok(pruned)
}

/// `{"job": "search.review_tiers"}`: runs a job outside of its schedule.
async fn run_job(worker: &Worker, message: &Message) -> Result<()> {
    #[derive(Deserialize)]
    struct Payload {
        job: String,
    }
    let Payload { job } = Payload::deserialize(&message.payload)
        .map_err(|error| Error::malformed(format!("the payload is not {{\"job\": …}}: {error}")))?;
    match Job::named(&job) {
        // This job is the one that is running this message.
        Some(job) if job.name == "outbox.deliver" => Ok(()),
        Some(job) => worker.run(job).await.map(drop),
        None => Err(Error::malformed(format!("there is no job {job:?}"))),
    }
}
