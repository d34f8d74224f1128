//! Every job and every kind of promised work there is.

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

/// Finished messages are remembered for longer than a queue keeps one that it delivers again (SQS: at most 14 days).
const REMEMBERED: TimeDelta = TimeDelta::days(15);

/// What is done again and again. Quick when there is nothing to do. Those of one interval are run in this order: what can have
/// hours of work comes last.
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

/// What changes and queues may promise.
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

/// What was promised, and what alarms watch of it.
async fn deliver(worker: &Worker) -> Result<u64> {
    let delivered = deliver::all(worker).await?;
    if metrics::enabled() {
        metrics::outbox(&worker.outbox().await?);
    }
    Ok(delivered.finished + delivered.failed)
}

/// Vectors that are still to be made.
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

/// Scopes that have outgrown exact search, or fallen below.
async fn review_tiers(worker: &Worker) -> Result<u64> {
    let changed = memory::retier_scopes(&worker.gate).await?;
    Ok(u64::try_from(changed).unwrap_or_default())
}

/// Rows of the audit log that are not chained yet.
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

/// Shares whose time is over: tidying up, since they count for nothing from that moment on.
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

/// Chains of the audit log that were not followed for a day.
async fn check_audit(worker: &Worker) -> Result<u64> {
    let mut parts = 0;
    while worker.has_time() && chain::check(&worker.gate).await?.is_some() {
        parts += 1;
    }
    Ok(parts)
}

/// Where chains of the audit log end, kept where nobody can change it; nothing where no such place is configured.
async fn anchor_audit(worker: &Worker) -> Result<u64> {
    match &worker.anchors {
        Some(anchors) => chain::put_away(&worker.gate, anchors, || worker.has_time()).await,
        None => Ok(0),
    }
}

/// Months of the audit log that nobody keeps any longer.
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

/// `{"job": "search.review_tiers"}`: a job that shall not wait for its time.
async fn run_job(worker: &Worker, message: &Message) -> Result<()> {
    #[derive(Deserialize)]
    struct Payload {
        job: String,
    }
    let Payload { job } = Payload::deserialize(&message.payload)
        .map_err(|error| Error::malformed(format!("the payload is not {{\"job\": …}}: {error}")))?;
    match Job::named(&job) {
        // It is what runs this.
        Some(job) if job.name == "outbox.deliver" => Ok(()),
        Some(job) => worker.run(job).await.map(drop),
        None => Err(Error::malformed(format!("there is no job {job:?}"))),
    }
}
