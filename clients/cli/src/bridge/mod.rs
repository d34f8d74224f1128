//! `mem0 mcp serve`: lines on standard input become requests, answers become lines on standard output.
//!
//! A thin pipe: of a [`message`] it understands only what the headers repeat, and it knows no methods, so both eras
//! pass through it. [`remote`] is the HTTP side, [`answer`] reads the responses, [`events`] parses event streams, and
//! [`refusal`] is the error that a client gets when there is no response.

mod answer;
mod events;
mod message;
mod refusal;
mod remote;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, JoinSet};

use crate::config::Config;
use message::Message;
use remote::Remote;

/// The room kept for a line, in bytes: enough for most.
const LINE: usize = 64 * 1024;

/// Options of `mem0 mcp serve`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The installation's URL; MEM0_URL or the login's, if not given.
    #[arg(long)]
    url: Option<String>,
}

/// Serves until standard input ends and every request is answered, or until a signal asks to stop.
pub(crate) fn run(args: &Args) -> Result<()> {
    let config = Config::read(args.url.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(serve(Arc::new(Remote::new(config))));
    // Dropping it would wait for a line on standard input.
    runtime.shutdown_background();
    served
}

/// Calls a tool that needs no arguments; returns its structured answer.
pub(crate) fn call(config: Config, tool: &str) -> Result<Value> {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": {} } });
    let message = Message::parse(request.to_string().as_bytes()).map_err(anyhow::Error::msg)?;
    let message = message.context("there is nothing to ask")?;
    let remote = Remote::new(config);
    let mut answer = Value::Null;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sent = runtime.block_on(remote.send(&message, |value| answer = value));
    sent.map_err(|refusal| anyhow::anyhow!(refusal.message))?;
    if let Some(problem) = answer["error"]["message"].as_str() {
        bail!("{problem}");
    }
    let result = &mut answer["result"];
    if result["isError"] == true || !result["structuredContent"].is_object() {
        bail!("{}", result["content"][0]["text"].as_str().unwrap_or("the server's answer is not understood"));
    }
    Ok(result["structuredContent"].take())
}

async fn serve(remote: Arc<Remote>) -> Result<()> {
    let (lines, mut written) = unbounded_channel::<String>();
    let writer = tokio::spawn(async move {
        let mut output = tokio::io::stdout();
        while let Some(line) = written.recv().await {
            output.write_all(line.as_bytes()).await?;
            output.write_all(b"\n").await?;
            output.flush().await?;
        }
        Ok::<_, std::io::Error>(())
    });
    let mut input = BufReader::new(tokio::io::stdin());
    let (mut requests, mut running) = (JoinSet::new(), HashMap::<String, AbortHandle>::new());
    let mut line = Vec::new();
    let mut told_to_end = pin!(told_to_end());
    let ended = loop {
        line.clear();
        // A long message need not be remembered.
        line.shrink_to(LINE);
        let read = tokio::select! {
            read = input.read_until(b'\n', &mut line) => read,
            () = &mut told_to_end => {
                remote.settled().await;
                return Ok(());
            }
        };
        match read {
            Ok(0) => break Ok(()),
            Ok(_) => {}
            // Earlier requests are answered nevertheless.
            Err(error) => break Err(error).context("cannot read what is asked"),
        }
        while requests.try_join_next().is_some() {}
        running.retain(|_, request| !request.is_finished());
        match Message::parse(&line) {
            Ok(None) => {}
            // Closing an HTTP request cancels it.
            Ok(Some(message)) if message.method == "notifications/cancelled" => {
                let id = message.value["params"]["requestId"].to_string();
                if let Some(request) = running.remove(&id) {
                    request.abort();
                }
            }
            Ok(Some(message)) => {
                let id = match message.ids.as_slice() {
                    [id] => Some(id.to_string()),
                    _ => None,
                };
                let handle = requests.spawn(forward(Arc::clone(&remote), message, lines.clone()));
                running.extend(id.map(|id| (id, handle)));
            }
            Err(problem) => send(&lines, &failure(&Value::Null, -32700, &problem)),
        }
    };
    let answered = async { while requests.join_next().await.is_some() {} };
    tokio::select! {
        () = answered => remote.settled().await,
        () = &mut told_to_end => {
            remote.settled().await;
            return Ok(());
        }
    }
    drop(lines);
    writer.await??;
    ended
}

/// Waits for a signal to terminate: the parent process no longer wants answers.
#[cfg(unix)]
async fn told_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn told_to_end() {
    // An error means that no signal can arrive.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// Sends a message and writes every response; a request always gets one.
async fn forward(remote: Arc<Remote>, message: Message, lines: UnboundedSender<String>) {
    let answered = remote.send(&message, |answer| send(&lines, &answer)).await;
    if let Err(refusal) = answered {
        crate::say(&refusal.message);
        for id in &message.ids {
            send(&lines, &failure(id, refusal.code, &refusal.message));
        }
    }
}

fn failure(id: &Value, code: i32, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

fn send(lines: &UnboundedSender<String>, message: &Value) {
    // The writer ends before us only if nobody reads any more.
    let _ = lines.send(message.to_string());
}
