//! The `server` binary: the whole platform in one process.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use server::{down, migrate, reembed, reset_password, serve};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// mem0-enterprise in one process.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve every API on MEM0_LISTEN (127.0.0.1:13370) until interrupted.
    Serve(serve::Options),
    /// Apply the schema to the database in MEM0_DATABASE_URL and exit.
    Migrate,
    /// Compute missing vectors and those of another model, and exit.
    Reembed(reembed::Options),
    /// Print a token with which somebody who forgot their password chooses a new one.
    ResetPassword(reset_password::Options),
    /// Stop the server of `make up`, if it runs, and its PostgreSQL.
    Down,
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(options) => serve::run(options).await,
        Command::Migrate => migrate::run().await,
        Command::Reembed(options) => reembed::run(options).await,
        Command::ResetPassword(options) => reset_password::run(&options).await,
        Command::Down => down::run().await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            server::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
