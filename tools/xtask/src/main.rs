//! Project automation: `cargo xtask <task>`.
//!
//! One module per task, each with its own `Args` and `run`. Progress and tables go to standard error; standard
//! output carries JSON and nothing else, so that every figure can be piped into a file.

mod bench;
mod cargo;
mod check;
mod conformance;
mod eval;
mod package;
mod watch;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Project automation of mem0-enterprise.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the Lambda functions and pack each into a zip with one executable `bootstrap`.
    Package(package::Args),
    /// Run one function by itself, as on Lambda, and build it again whenever its code changes.
    Watch(watch::Args),
    /// Measure: cold starts, sizes, latency and throughput. `docs/performance.md` explains the figures.
    Bench(bench::Args),
    /// Evaluate what search finds. `docs/performance.md` explains the figures.
    Eval(eval::Args),
    /// Check what a machine can check: formatting, lints, forbidden dependencies, licences.
    Check(check::Args),
    /// Run the official MCP conformance suite against the server; the last line is the result as JSON.
    Conformance(conformance::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Package(args) => package::run(&args),
        Task::Watch(args) => watch::run(&args),
        Task::Bench(args) => bench::run(&args),
        Task::Eval(args) => eval::run(&args),
        Task::Check(args) => check::run(&args),
        Task::Conformance(args) => conformance::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints one line of progress.
fn progress(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    // Nobody may be watching any more.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
