//! `make check-deploy`, `make lambda-up`, `make lambda-down`, `make deploy`, `make rollback` and `make remove`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use deploy::release::Release;
use deploy::{artifacts, check, root};

mod local;

#[derive(Parser)]
#[command(name = "deploy", version, about = "Packages, checks and deploys serverless.yml")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check all that can be checked without an account.
    Check(Zips),
    /// Bring the whole stack up on this machine.
    Up(Zips),
    /// Stop it.
    Down,
    /// Deploy for real.
    Release {
        #[command(flatten)]
        to: Place,
        #[command(flatten)]
        zips: Zips,
    },
    /// Go back to the code of before the last deployment.
    Rollback {
        #[command(flatten)]
        to: Place,
    },
    /// Remove a stage.
    Remove {
        #[command(flatten)]
        to: Place,
        /// The stage once more.
        #[arg(long, default_value = "")]
        confirm: String,
    },
}

#[derive(clap::Args)]
struct Zips {
    /// The profile with which `cargo xtask package` built the zips.
    #[arg(long, default_value = "release")]
    profile: String,
}

#[derive(clap::Args)]
struct Place {
    /// dev, staging or prod.
    #[arg(long)]
    stage: String,
    /// An AWS region.
    #[arg(long)]
    region: Option<String>,
    /// A setting that differs from the stage's (infra/aws/stages) this time: `shift=none`.
    #[arg(long)]
    param: Vec<String>,
}

impl Place {
    fn release(&self) -> Release<'_> {
        Release { stage: &self.stage, region: self.region.as_deref(), params: &self.param }
    }
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stderr, reason = "a command speaks to whoever runs it")]
async fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Check(zips) => check::run(&artifacts(&zips.profile)),
        Task::Up(zips) => local::up(&artifacts(&zips.profile)).await,
        Task::Down => local::down().await,
        Task::Release { to, zips } => to.release().deploy(&artifacts(&zips.profile)),
        Task::Rollback { to } => to.release().roll_back(),
        Task::Remove { to, confirm } => to.release().remove(&confirm),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The directory of the local stack.
fn directory() -> PathBuf {
    root().join(".local/lambda")
}
