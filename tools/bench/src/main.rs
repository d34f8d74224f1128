//! `bench`: what the deployed binaries cost, measured from outside. `cargo xtask bench` builds them and runs this.
//!
//! One module per benchmark ([`cold_start`], [`sizes`], [`api`]), each with its `Options` and a `run` that returns what
//! is printed. Tables go to standard error, JSON to standard output. What the figures mean, and how far to trust them,
//! is in `docs/performance.md`.
//!
//! Not a test: nothing here fails because it is slow, only because an answer is wrong.

mod account;
mod api;
mod builds;
mod client;
mod cold_start;
mod database;
mod machine;
mod process;
mod report;
mod sizes;
mod statistics;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use builds::Builds;
use machine::Machine;

/// Benchmarks of mem0-enterprise. `cargo xtask bench` builds what they need and runs them.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Cli {
    #[command(flatten)]
    builds: Builds,
    /// The all-in-one server.
    #[arg(long, global = true, default_value = "target/release/server", hide = true)]
    server: PathBuf,
    /// Where the benchmarks' own PostgreSQL lies while they run.
    #[arg(long, global = true, default_value = ".local/bench", hide = true)]
    directory: PathBuf,
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// From the start of each function's process to its first answer, beside a bare function.
    ColdStart {
        #[command(flatten)]
        options: cold_start::Options,
        #[command(flatten)]
        output: report::Output,
    },
    /// How large each function's binary and archive are.
    Sizes {
        #[command(flatten)]
        output: report::Output,
    },
    /// Latency and throughput of adding and searching over HTTP.
    Api {
        #[command(flatten)]
        options: api::Options,
        #[command(flatten)]
        output: report::Output,
    },
    /// All of the above, one after the other.
    All {
        #[command(flatten)]
        cold_start: cold_start::Options,
        #[command(flatten)]
        api: api::Options,
        #[command(flatten)]
        output: report::Output,
    },
}

// One thread: the clients must leave the processors to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Dropping the future stops what it started.
    let result = tokio::select! {
        result = run(&cli) => result,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> Result<()> {
    let machine = Machine::describe();
    let (mut figures, output) = match &cli.benchmark {
        Benchmark::ColdStart { options, output } => (cold_start(cli, options).await?, output),
        Benchmark::Sizes { output } => (serde_json::to_value(sizes::run(&cli.builds)?)?, output),
        Benchmark::Api { options, output } => (api(cli, options).await?, output),
        Benchmark::All { cold_start: cold, api: warm, output } => {
            let figures = json!({
                "sizes": sizes::run(&cli.builds)?,
                "cold_start": cold_start(cli, cold).await?,
                "api": api(cli, warm).await?,
            });
            (figures, output)
        }
    };
    let Some(document) = figures.as_object_mut() else { bail!("figures are always an object") };
    document.insert("machine".to_owned(), serde_json::to_value(machine.finished())?);
    output.print(&figures)
}

async fn cold_start(cli: &Cli, options: &cold_start::Options) -> Result<Value> {
    Ok(serde_json::to_value(cold_start::run(options, &cli.builds, &cli.directory).await?)?)
}

async fn api(cli: &Cli, options: &api::Options) -> Result<Value> {
    Ok(serde_json::to_value(api::run(options, &cli.server, &cli.directory).await?)?)
}
