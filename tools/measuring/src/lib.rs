//! What `bench` and `eval` share: output ([`report`]), their own PostgreSQL ([`database`]), and [`to_its_end`].

pub mod database;
pub mod report;

use std::process::ExitCode;

use anyhow::Result;

/// Runs a program until it is done or interrupted. Dropping the future stops what it started.
pub async fn to_its_end(program: impl Future<Output = Result<()>>) -> ExitCode {
    let result = tokio::select! {
        result = program => result,
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
