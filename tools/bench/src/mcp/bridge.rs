//! The local bridge, `mem0 mcp serve`: how long it takes to start and how much memory it needs.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::process;
use crate::statistics::{Samples, Spread, milliseconds, rounded};
use measuring::report::{say, table};

/// The first message of an AI tool of the old era, and of one of the new.
const GREETINGS: [&str; 2] = [
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#,
    r#"{"jsonrpc":"2.0","id":2,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#,
];

/// The figures. Times are in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Bridge {
    starts: usize,
    binary_bytes: u64,
    /// From spawn until it exits: without input it ends at once.
    started_ms: Spread,
    /// From spawn to the first answer, which the server gave over HTTP.
    answered_ms: Spread,
    /// The largest resident set after a greeting of each era was answered, median, in MB.
    rss_mb: f64,
}

/// Measures it against this server.
pub(super) async fn measure(
    program: &Path,
    server: SocketAddr,
    api_key: &str,
    starts: u32,
) -> Result<Bridge> {
    say("starting the bridge");
    let (mut started, mut answered, mut rss) = (Samples::default(), Samples::default(), Samples::default());
    for round in 0..=starts {
        let alone = alone(program, server, api_key).await?;
        let asked = asked(program, server, api_key).await?;
        // The first round only brings the binary into the page cache.
        if round > 0 {
            started.push(milliseconds(alone));
            answered.push(milliseconds(asked.0));
            rss.push(asked.1);
        }
    }
    let bridge = Bridge {
        starts: started.len(),
        binary_bytes: std::fs::metadata(program)?.len(),
        started_ms: started.spread(),
        answered_ms: answered.spread(),
        rss_mb: rounded(rss.spread().median, 2),
    };
    let figures = [bridge.started_ms, bridge.answered_ms].map(|it| [it.min, it.median, it.p95]).concat();
    let figures = figures.into_iter().chain([bridge.rss_mb]).map(|figure| format!("{figure:.2}"));
    let header = ["ms", "started min", "median", "p95", "answered min", "median", "p95", "rss MB"];
    table(&header, &[std::iter::once("mem0 mcp serve".to_owned()).chain(figures).collect()]);
    Ok(bridge)
}

fn command(program: &Path, server: SocketAddr, api_key: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["mcp", "serve"]).env_clear().kill_on_drop(true);
    command.env("MEM0_URL", format!("http://{server}")).env("MEM0_API_KEY", api_key);
    command
}

/// Starts it without input; returns how long it ran.
async fn alone(program: &Path, server: SocketAddr, api_key: &str) -> Result<Duration> {
    let mut command = command(program, server, api_key);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let started = Instant::now();
    let status = command.spawn().context("cannot start the bridge")?.wait().await?;
    let took = started.elapsed();
    ensure!(status.success(), "the bridge failed ({status})");
    Ok(took)
}

/// Starts it and greets it in both eras; returns the time to the first answer and its largest resident set in MB.
#[allow(clippy::cast_precision_loss, reason = "no process is that large")]
async fn asked(program: &Path, server: SocketAddr, api_key: &str) -> Result<(Duration, f64)> {
    let mut command = command(program, server, api_key);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let started = Instant::now();
    let mut child = command.spawn().context("cannot start the bridge")?;
    let mut input = child.stdin.take().context("standard input is piped")?;
    let mut lines = BufReader::new(child.stdout.take().context("standard output is piped")?).lines();
    let mut first = None;
    for greeting in GREETINGS {
        input.write_all(format!("{greeting}\n").as_bytes()).await?;
        let answer = lines.next_line().await?.context("the bridge has ended")?;
        first.get_or_insert_with(|| started.elapsed());
        ensure!(answer.contains("\"result\""), "the bridge answered {answer}");
    }
    let pid = child.id().context("the bridge has ended")?;
    let rss = process::peak_resident_bytes(pid).context("the kernel does not say how large it is")?;
    drop(input);
    child.wait().await?;
    Ok((first.unwrap_or_default(), rss as f64 / 1e6))
}
