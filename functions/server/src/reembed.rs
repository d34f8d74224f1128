//! `server reembed`: recomputes every vector with the configured model, and shows progress.
//!
//! A running server does the same by itself; this command does it at once, or shows how far it is.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use shared::access::Gate;
use shared::clock::Clock;
use shared::config::{DatabaseConfig, EmbeddingConfig};
use shared::db::Database;
use shared::embedding::{self, Embedder};
use shared::memory::{Backlog, Progress};

use crate::say;

/// How often progress is shown.
const SHOWN_EVERY: Duration = Duration::from_secs(2);

/// What `reembed` does.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Options {
    /// Only say how many memories have a vector of the configured model, and how many do not.
    #[arg(long)]
    status: bool,
}

/// Works on the database in `MEM0_DATABASE_URL` until nothing is left that can be done now. May be interrupted.
pub async fn run(options: Options) -> Result<()> {
    let embedding = EmbeddingConfig::from_env()?;
    let db = Database::new(&DatabaseConfig::from_env(2)?)?;
    db.readiness().await?;
    let gate = Gate::new(db, Clock::default(), "");
    let embedder = embedding::configured(&embedding, &gate.clock)?;
    show(&gate, &*embedder).await?;
    if options.status {
        return Ok(());
    }
    let mut shown = Instant::now();
    loop {
        let step = Backlog::step(&gate, &*embedder).await?;
        if step.away {
            bail!("{} does not answer; what is done stays done, run this again", embedder.model());
        }
        if step.claimed == 0 {
            return show(&gate, &*embedder).await;
        }
        if shown.elapsed() > SHOWN_EVERY {
            show(&gate, &*embedder).await?;
            shown = Instant::now();
        }
    }
}

async fn show(gate: &Gate, embedder: &dyn Embedder) -> Result<()> {
    let Progress { done, pending, stale, failing } = Progress::read(gate, embedder).await?;
    let total = done + pending + stale;
    let model = embedder.model();
    say(&format!(
        "{done} of {total} memories have a vector of {model}; {pending} have none yet, {stale} have another model's, {failing} of these failed before"
    ));
    Ok(())
}
