//! `server down`, which `make down` runs.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{embedded, say};

/// How long a server may take to end: the grace of its requests and of its background work, and PostgreSQL's.
const PATIENCE: Duration = Duration::from_secs(60);

/// Stops the server of the local installation, if one runs, and its PostgreSQL; the data stays.
pub async fn run() -> Result<()> {
    let directory = embedded::directory();
    let served = end_server(&directory).await?;
    // A server stops its PostgreSQL, unless it was killed.
    let stopped = embedded::stop(&directory).await?;
    let place = directory.display();
    say(&match (served, stopped) {
        (true, _) => format!(
            "the server and its PostgreSQL stopped; the data stays in {place}, `make up` brings it back"
        ),
        (false, true) => format!("PostgreSQL stopped; the data stays in {place}, `make up` brings it back"),
        (false, false) => "nothing was running".to_owned(),
    });
    Ok(())
}

/// Asks the server that holds the directory to stop, as Ctrl-C does, and waits for its end. Returns whether there was
/// one.
async fn end_server(directory: &Path) -> Result<bool> {
    let Some(holder) = embedded::holder(directory)? else { return Ok(false) };
    let number = holder.strip_prefix("process ").and_then(|rest| rest.split_whitespace().next());
    let Some(Ok(process)) = number.map(str::parse::<i32>) else {
        bail!("a server is starting in {}: try again", directory.display());
    };
    say(&format!("stopping the server, {holder}"));
    kill(Pid::from_raw(process), Signal::SIGTERM).with_context(|| format!("stopping process {process}"))?;
    let begun = Instant::now();
    while embedded::holder(directory)?.is_some() {
        if begun.elapsed() > PATIENCE {
            bail!("the server ({holder}) still runs: stop it with Ctrl-C");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(true)
}
