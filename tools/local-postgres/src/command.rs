//! Running the programs we depend on, with an environment of our choosing and signs of life while they work.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::Progress;
use crate::account::Account;
use crate::error::{During, Error};
use crate::lock::Lock;

/// How often a long-running step says that it still runs.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// A PostgreSQL program run as `account`. Nothing is inherited: `PGDATA`, `PGHOST`, `LC_ALL`, `TZ` and the like change
/// what these programs do.
pub(crate) fn postgres(program: &Path, account: &Account) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C"), ("TZ", "UTC")]).current_dir("/");
    account.run_as(&mut command);
    command
}

/// How a program ended and what it wrote, both streams together.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

impl Finished {
    /// The last line with something on it, which is where these programs say what went wrong.
    pub(crate) fn last_line(&self) -> String {
        let last = self.output.lines().map(str::trim).rfind(|line| !line.is_empty());
        last.map_or_else(|| self.status.to_string(), str::to_owned)
    }
}

/// Runs a program to its end. `what` is said now and, with the seconds gone, for as long as it takes. The program holds
/// `lock` too. Its output goes through the file `log`, so that a full pipe can never stop it.
///
/// # Errors
/// The program cannot be started (`source` says why) or waited for.
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

/// Does nothing for a while.
#[expect(
    clippy::disallowed_methods,
    reason = "this crate blocks and says so; async callers use `spawn_blocking`"
)]
pub(crate) fn wait(duration: Duration) {
    std::thread::sleep(duration);
}
