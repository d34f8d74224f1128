//! Runs the programs we depend on, with a controlled environment and signs of life while they work.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::Progress;
use crate::account::Account;
use crate::error::{During, Error};
use crate::lock::Lock;

/// How often a long-running step reports that it still runs.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// Returns a command that runs a PostgreSQL program as `account`. Nothing is inherited: variables like `PGDATA`,
/// `PGHOST`, `LC_ALL` and `TZ` change what these programs do.
pub(crate) fn postgres(program: &Path, account: &Account) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C"), ("TZ", "UTC")]).current_dir("/");
    account.run_as(&mut command);
    command
}

/// How a program ended, and the output of both streams together.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

impl Finished {
    /// Returns the last non-empty line, in which these programs say what went wrong.
    pub(crate) fn last_line(&self) -> String {
        let last = self.output.lines().map(str::trim).rfind(|line| !line.is_empty());
        last.map_or_else(|| self.status.to_string(), str::to_owned)
    }
}

/// Runs a program to its end. Reports `what` at the start and then regularly, with the elapsed seconds. The program
/// holds `lock` too. Its output goes to the file `log`, so that a full pipe can never block it.
///
/// # Errors
/// If the program cannot be started (`source` says why) or waited for.
pub(crate) fn run(
    command: &mut Command,
    lock: &Lock,
    log: &Path,
    what: &str,
    progress: Progress<'_>,
) -> Result<Finished, Error> {
    progress(what);
    let output = File::create(log).during("creating", log)?;
    let errors = output.try_clone().during("opening", log)?;
    let program = command.get_program().to_owned();
    let mut child = command
        .stdin(lock.lend()?)
        .stdout(output)
        .stderr(errors)
        .spawn()
        .during("starting", Path::new(&program))?;
    let begun = Instant::now();
    let (mut pause, mut reported) = (Duration::from_millis(2), Duration::ZERO);
    let status = loop {
        if let Some(status) = child.try_wait().during("waiting for", Path::new(&program))? {
            break status;
        }
        wait(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
        if begun.elapsed() >= reported + SIGN_OF_LIFE {
            reported = begun.elapsed();
            progress(&format!("{what} ({} s)", reported.as_secs()));
        }
    };
    let output = fs::read(log).during("reading", log)?;
    Ok(Finished { status, output: String::from_utf8_lossy(&output).into_owned() })
}

/// Blocks for a while.
#[expect(
    clippy::disallowed_methods,
    reason = "this crate blocks and says so; async callers use `spawn_blocking`"
)]
pub(crate) fn wait(duration: Duration) {
    std::thread::sleep(duration);
}
