//! The FastMCP server: `fastmcp_server.py` beside this file, in its own environment.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::embedding::{Embedder as _, Purpose, StaticEmbedder};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use super::tools::questions;
use crate::database::Database;
use measuring::report::say;

const SCRIPT: &str = include_str!("fastmcp_server.py");
/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running FastMCP server. Ends when dropped.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) pid: u32,
    description: Description,
    _child: Child,
    /// Kept open: the server ends when its standard input is closed.
    _stdin: ChildStdin,
}

/// Its description of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Description {
    fastmcp: String,
    mcp: String,
    python: String,
    asyncpg: String,
    processes: u16,
}

/// Its first line of output.
#[derive(Deserialize)]
struct Hello {
    port: u16,
    #[serde(flatten)]
    description: Description,
}

impl Peer {
    /// Starts it on this database with the vectors of the questions: it need not embed them, which is to its advantage.
    pub(super) async fn start(python: &Path, database: &Database, processes: u16) -> Result<Self> {
        let embedder = StaticEmbedder::new();
        let questions = questions();
        let texts: Vec<&str> = questions.iter().map(String::as_str).collect();
        let embeddings = embedder.embed(&texts, Purpose::Query).await?;
        let vectors: Vec<_> = embeddings.iter().map(|embedding| embedding.as_slice().to_vec()).collect();
        let setup = json!({
            "database": database.login_url().await?, "processes": processes, "model": embedder.model(),
            "vectors": texts.iter().zip(vectors).collect::<Vec<_>>(),
        });

        let mut command = Command::new(python);
        command.args(["-I", "-c", SCRIPT]).env_clear().kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start the FastMCP server")?;
        let pid = child.id().context("the FastMCP server ended at once")?;
        let mut stdin = child.stdin.take().context("standard input is piped")?;
        let mut errors = BufReader::new(child.stderr.take().context("standard error is piped")?).lines();
        let complaints = tokio::spawn(async move {
            while let Ok(Some(line)) = errors.next_line().await {
                say(&line);
            }
        });
        let mut lines = BufReader::new(child.stdout.take().context("standard output is piped")?).lines();
        let hello = async {
            stdin.write_all(format!("{setup}\n").as_bytes()).await?;
            lines.next_line().await
        };
        let hello =
            tokio::time::timeout(PATIENCE, hello).await.context("the FastMCP server does not start")?;
        let Ok(Some(hello)) = hello else {
            complaints.await?;
            bail!("the FastMCP server ended before it was listening");
        };
        let Hello { port, description } = serde_json::from_str(&hello).context(hello)?;
        Ok(Self { address: ([127, 0, 0, 1], port).into(), pid, description, _child: child, _stdin: stdin })
    }

    pub(super) fn description(&self) -> Description {
        self.description.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// The script runs only in the benchmark, where a mistake would show after minutes of building.
    #[test]
    fn the_script_is_python() {
        let compile = "import sys; compile(sys.stdin.read(), 'fastmcp_server.py', 'exec')";
        let mut python = std::process::Command::new("python3");
        let mut python = python.args(["-I", "-c", compile]).stdin(Stdio::piped()).spawn().unwrap();
        python.stdin.take().unwrap().write_all(SCRIPT.as_bytes()).unwrap();
        assert!(python.wait().unwrap().success());
    }
}
