//! Calls one tool of one server for a given time.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use http::Request;
use serde::Serialize;

use super::reads::Reads;
use super::tools::Tool;
use crate::api::drive::Crowd;
use crate::database::Database;
use crate::process;
use crate::statistics::{Percentiles, Samples, milliseconds, rounded};

/// One tool of one server.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) server: &'static str,
    pub(super) tool: Tool,
    pub(super) reads: Reads,
    pub(super) requests: usize,
    pub(super) requests_per_s: f64,
    pub(super) latency_ms: Percentiles,
    /// Processor time per request: of the server's own processes, of PostgreSQL, and of the clients.
    pub(super) process_cpu_ms: f64,
    pub(super) database_cpu_ms: f64,
    pub(super) client_cpu_ms: f64,
}

/// Its measurements so far.
pub(super) struct Tally {
    server: &'static str,
    pid: u32,
    tool: Tool,
    reads: Reads,
    crowd: Crowd,
    requests: Vec<Request<Bytes>>,
    latency: Samples,
    elapsed: Duration,
    /// Of the server, of PostgreSQL, of the clients.
    cpu: [Duration; 3],
}

impl Tally {
    pub(super) fn new(
        server: &'static str,
        pid: u32,
        tool: Tool,
        reads: Reads,
        crowd: Crowd,
        requests: Vec<Request<Bytes>>,
    ) -> Self {
        let (latency, elapsed, cpu) = (Samples::default(), Duration::ZERO, [Duration::ZERO; 3]);
        Self { server, pid, tool, reads, crowd, requests, latency, elapsed, cpu }
    }

    /// All clients send requests until the time is over.
    pub(super) async fn turn(&mut self, time: Duration, database: &Database, counts: bool) -> Result<()> {
        let cpu = || -> Result<[Duration; 3]> {
            // Only the clients: the servers are children of this process.
            let clients = process::precise_cpu_time(std::process::id())?;
            Ok([process::cpu_time(self.pid), database.cpu_time()?, clients])
        };
        let before = cpu()?;
        let (started, next) = (Instant::now(), Cell::new(0));
        let requests = std::iter::from_fn(|| {
            let at = next.replace(next.get() + 1);
            (started.elapsed() < time).then(|| self.requests[at % self.requests.len()].clone())
        });
        let latency = crate::api::drive::drive(&self.crowd, requests, self.tool.expected()).await?;
        let (elapsed, after) = (started.elapsed(), cpu()?);
        if counts {
            self.latency.append(latency);
            self.elapsed += elapsed;
            for ((sum, after), before) in self.cpu.iter_mut().zip(after).zip(before) {
                *sum += after.saturating_sub(before);
            }
        }
        Ok(())
    }

    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub(super) fn row(&self) -> Row {
        let requests = self.latency.len();
        let [process, database, client] =
            self.cpu.map(|cpu| milliseconds(cpu.div_f64(requests.max(1) as f64)));
        Row {
            server: self.server,
            tool: self.tool,
            reads: self.reads,
            requests,
            requests_per_s: rounded(requests as f64 / self.elapsed.as_secs_f64(), 1),
            latency_ms: self.latency.percentiles(),
            process_cpu_ms: process,
            database_cpu_ms: database,
            client_cpu_ms: client,
        }
    }
}
