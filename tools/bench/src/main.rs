//! `bench`: what the deployed binaries cost, measured from outside. `cargo xtask bench` builds them and runs this.
//!
//! One module per benchmark ([`cold_start`], [`sizes`], [`api`], [`search`], [`scopes`], [`mcp`]), each with its
//! `Options` and a `run` that returns what is printed. Tables go to standard error, JSON to standard output.
//! `docs/performance.md` explains the figures and how far to trust them.
//!
//! Not a test: nothing here fails because it is slow, only because an answer is wrong.

mod account;
mod api;
mod builds;
mod client;
mod cold_start;
mod cost;
mod database;
mod kept;
mod machine;
mod mcp;
mod process;
mod scopes;
mod search;
mod server;
mod sizes;
mod statistics;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use measuring::report;
use serde::Serialize;

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
    /// The local bridge.
    #[arg(long, global = true, default_value = "target/release/mem0", hide = true)]
    bridge: PathBuf,
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
    /// What so many calls of so many tenants cost on Lambda, from the figures of `cold-start`, beside an always-on container.
    Cost {
        #[command(flatten)]
        options: cost::Options,
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
    /// Searching among up to a million memories over HTTP: latency, recall, isolation, adding and importing.
    Search {
        #[command(flatten)]
        options: search::Options,
        #[command(flatten)]
        output: report::Output,
    },
    /// Thousands of small tenants beside the large one of `search --keep`: latency and recall with and without it in their
    /// partition.
    Tenants {
        #[command(flatten)]
        options: search::tenants::Options,
        #[command(flatten)]
        output: report::Output,
    },
    /// Who may see what among ten thousand people: expanding somebody's scopes, moving a part of the tree.
    Scopes {
        #[command(flatten)]
        options: scopes::Options,
        #[command(flatten)]
        output: report::Output,
    },
    /// What a `tools/call` costs: the function cold and warm, and the server beside FastMCP over the same database.
    Mcp {
        #[command(flatten)]
        options: mcp::Options,
        #[command(flatten)]
        output: report::Output,
    },
    /// Cold starts, sizes and the API, one after the other.
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
    measuring::to_its_end(run(&cli)).await
}

async fn run(cli: &Cli) -> Result<()> {
    let machine = Machine::describe();
    let builds = &cli.builds;
    match &cli.benchmark {
        Benchmark::ColdStart { options, output } => {
            let figures = cold_start::run(options, builds, &cli.directory).await?;
            output.print(&Document { machine: machine.finished(), figures })
        }
        Benchmark::Cost { options, output } => output.print(&cost::run(options)?),
        Benchmark::Sizes { output } => {
            let figures = sizes::run(builds)?;
            output.print(&Document { machine: machine.finished(), figures })
        }
        Benchmark::Api { options, output } => {
            let figures = api::run(options, &cli.server, &cli.directory).await?;
            output.print(&Document { machine: machine.finished(), figures })
        }
        Benchmark::Search { options, output } => {
            let figures = search::run(options, &cli.server, &cli.directory).await?;
            output.print(&Document { machine: machine.finished(), figures })
        }
        Benchmark::Tenants { options, output } => {
            let figures = search::tenants::run(options, &cli.server, &cli.directory).await?;
            output.print(&Document { machine: machine.finished(), figures })
        }
        Benchmark::Scopes { options, output } => {
            let figures = scopes::run(options, &cli.server, &cli.directory).await?;
            output.print(&Document { machine: machine.finished(), figures })
        }
        Benchmark::Mcp { options, output } => {
            let programs = mcp::Programs { builds, server: &cli.server, bridge: &cli.bridge };
            let figures = mcp::run(options, &programs, &cli.directory).await?;
            output.print(&Document { machine: machine.finished(), figures })
        }
        Benchmark::All { cold_start, api, output } => {
            let figures = All {
                sizes: sizes::run(builds)?,
                cold_start: cold_start::run(cold_start, builds, &cli.directory).await?,
                api: api::run(api, &cli.server, &cli.directory).await?,
            };
            output.print(&Document { machine: machine.finished(), figures })
        }
    }
}

/// The printed document: the machine, and then the benchmark's own figures.
#[derive(Serialize)]
struct Document<T> {
    machine: Machine,
    #[serde(flatten)]
    figures: T,
}

#[derive(Serialize)]
struct All {
    sizes: sizes::Sizes,
    cold_start: cold_start::ColdStart,
    api: api::Api,
}
