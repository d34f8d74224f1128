//! `eval`: evaluates the quality of search results. `cargo xtask eval` builds and runs it.
//!
//! Three evaluations, each with its `Options` and a `run`: [`locomo`] on conversations that the caller provides, [`teams`]
//! on generated facts of teams, and [`notes`] on facts that were written by hand. All remember and search through the product's services, on their own
//! PostgreSQL. Progress goes to standard error, JSON to standard output. `docs/performance.md` explains the figures.
//!
//! Not a test: nothing fails because it finds little. Start at [`platform`], then [`figures`].

mod ablation;
mod database;
mod figures;
mod locomo;
mod notes;
mod platform;
mod report;
mod teams;
mod timing;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use measuring::report::Output;

use database::Database;
use platform::Platform;

/// Evaluations of what search finds.
#[derive(Parser)]
#[command(name = "cargo xtask eval", bin_name = "cargo xtask eval")]
struct Cli {
    /// Where the evaluations' own PostgreSQL lies while they run.
    #[arg(long, global = true, default_value = ".local/eval", hide = true)]
    directory: PathBuf,
    #[command(subcommand)]
    evaluation: Evaluation,
}

#[derive(Subcommand)]
enum Evaluation {
    /// Conversations in the format of LoCoMo: which turns of a conversation answer a question about it.
    Locomo {
        #[command(flatten)]
        options: locomo::Options,
        #[command(flatten)]
        output: Output,
    },
    /// Facts of one team, asked for in other words, alone and beside long documents.
    Notes {
        #[command(flatten)]
        options: notes::Options,
        #[command(flatten)]
        output: Output,
    },
    /// Generated facts of teams: paraphrases, news, tickets, times, and what others know and must not be shown.
    Teams {
        #[command(flatten)]
        options: teams::Options,
        #[command(flatten)]
        output: Output,
    },
}

// One thread: searches run one after the other, because their latency is reported too.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    timing::listen();
    measuring::to_its_end(run(&cli)).await
}

async fn run(cli: &Cli) -> Result<()> {
    match &cli.evaluation {
        Evaluation::Locomo { options, output } => {
            // Before anything is started, so that a wrong file is reported at once.
            let conversations = locomo::read(&options.data)?;
            let database = Database::start(&cli.directory).await?;
            let platform = Platform::new(&database).await?;
            output.print(&locomo::run(options, &platform, &conversations).await?)
        }
        Evaluation::Notes { options, output } => {
            let database = Database::start(&cli.directory).await?;
            let platform = Platform::new(&database).await?;
            output.print(&notes::run(options, &platform).await?)
        }
        Evaluation::Teams { options, output } => {
            let database = Database::start(&cli.directory).await?;
            let platform = Platform::new(&database).await?;
            output.print(&teams::run(options, &platform).await?)
        }
    }
}
