//! The all-in-one server as a child process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::database::Database;
use crate::process;
use measuring::report::say;

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. Killed when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pid: u32,
    _child: Child,
}

impl Server {
    /// Applies the schema as the owner of the database, then serves as the role for requests.
    pub(crate) async fn start(binary: &Path, database: &Database) -> Result<Self> {
        let mut migrate = command(binary, &database.owner_url());
        let status = migrate.arg("migrate").status().await;
        let status = status.with_context(|| format!("cannot start {}", binary.display()))?;
        ensure!(status.success(), "server migrate failed ({status})");

        let mut serve = command(binary, &database.login_url().await?);
        let mut child = serve.arg("serve").stderr(Stdio::piped()).spawn()?;
        let pid = child.id().context("the server ended at once")?;
        let stderr = child.stderr.take().context("standard error is piped")?;
        let mut lines = BufReader::new(stderr).lines();
        let address = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await? {
                // "serving on http://127.0.0.1:40123": printed once it listens.
                if let Some(address) = line.strip_prefix("serving on http://") {
                    return Ok(address.parse()?);
                }
                say(&line);
            }
            bail!("the server ended before it was listening")
        });
        let address = address.await.context("the server does not start")??;
        // Further output belongs on the terminal, and a full pipe would block the server.
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                say(&line);
            }
        });
        Ok(Self { address, pid, _child: child })
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The CPU time of the process so far.
    pub(crate) fn cpu_time(&self) -> Duration {
        process::cpu_time(self.pid)
    }

    /// The same to the nanosecond, for its current threads.
    pub(crate) fn precise_cpu_time(&self) -> Result<Duration> {
        process::precise_cpu_time(self.pid)
    }

    /// The largest resident set so far, in MB.
    #[allow(clippy::cast_precision_loss, reason = "no process is that large")]
    pub(crate) fn peak_resident_mb(&self) -> f64 {
        let bytes = process::peak_resident_bytes(self.pid).unwrap_or_default();
        crate::statistics::rounded(bytes as f64 / 1e6, 1)
    }
}

/// Returns a command that runs the server with its default configuration, whatever the caller's environment contains.
fn command(binary: &Path, database_url: &str) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .env("MEM0_DATABASE_URL", database_url)
        .env("MEM0_LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        // Logs are written, as in production, but not kept.
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}
