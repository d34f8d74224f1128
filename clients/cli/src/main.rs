//! `mem0`: the command line client of mem0-enterprise.
//!
//! [`bridge`] is what AI tools start (`mem0 mcp serve`), and [`setup`] configures them to do so. [`config`] determines
//! the server and the credential; [`login`] obtains and stores the credential, and
//! [`whoami`] shows whose it is. [`audit`] verifies the audit log from
//! outside. [`replace`] writes files.

mod audit;
mod bridge;
mod client;
mod config;
mod login;
mod replace;
mod setup;
mod whoami;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// Memory for a person's AI tools.
#[derive(Parser)]
#[command(name = "mem0", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The Model Context Protocol.
    #[command(subcommand)]
    Mcp(Mcp),
    /// The audit log of an enterprise.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Sign in, by agreeing in a browser on this machine or another.
    Login(login::Args),
    /// Sign out, here and on the server.
    Logout,
    /// Show the installation and the account that AI tools use from here.
    Whoami(whoami::Args),
    /// Tell an AI tool to use this memory.
    Setup(setup::Args),
}

#[derive(Subcommand)]
enum Mcp {
    /// Speak MCP on standard input and output, for AI tools that start a program.
    Serve(bridge::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Audit(command) => return audit::run(&command),
        Command::Mcp(Mcp::Serve(args)) => bridge::run(&args),
        Command::Login(args) => login::login(&args),
        Command::Logout => login::logout(),
        Command::Whoami(args) => whoami::run(&args),
        Command::Setup(args) => setup::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line for the person to standard error; standard output belongs to the protocol or the requested output.
fn say(line: &str) {
    use std::io::Write as _;
    // Nobody may be watching any more.
    let _ = writeln!(std::io::stderr().lock(), "mem0: {line}");
}

/// Prints a line of what was asked for to standard output.
fn print(line: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout().lock(), "{line}").context("nobody reads what was found")
}
