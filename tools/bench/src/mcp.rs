//! MCP: what a `tools/call` costs, and what the local bridge needs ([`bridge`]).
//!
//! First as deployed: `mcp` under the emulated Runtime API, cold and warm, compared with the bare `hello` (measured by
//! [`cold_start`]). Then as one process: requests per second of the all-in-one server compared with a FastMCP server
//! ([`peer`]) that has equivalent tools on the same database. Both get the same bytes from the same clients
//! ([`load`]), in turns, so that other load on the machine affects both equally.

mod bridge;
mod install;
mod load;
mod peer;
mod reads;
mod tools;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::account::Account;
use crate::api::drive::Crowd;
use crate::builds::Builds;
use crate::cold_start::{self, ColdStart, Login};
use crate::database::Database;
use crate::server::Server;
use crate::statistics::rounded;
use bridge::Bridge;
use load::{Row, Tally};
use measuring::report::{say, table};
use peer::Peer;
use reads::Reads;
use tools::Tool;

/// How many turns each tool of each server gets.
const ROUNDS: u32 = 5;

/// How much is there, and how much is asked.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Cold starts of `mcp` and of `hello`.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    starts: u32,
    /// Warm calls of the function.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    warm: u32,
    /// What the caller of the all-in-one server remembers.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(20..=10_000))]
    memories: u32,
    /// Clients that ask at the same time. Fewer wait for the disk so long that processors are idle.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=64))]
    clients: u16,
    /// For how long each server is asked for each tool under each policy, in all.
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Processes of the FastMCP server; it runs as one by itself.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// Leave out the function.
    #[arg(long)]
    without_function: bool,
}

/// The programs that are measured.
pub(crate) struct Programs<'a> {
    pub(crate) builds: &'a Builds,
    pub(crate) server: &'a Path,
    pub(crate) bridge: &'a Path,
}

/// The figures.
#[derive(Debug, Serialize)]
pub(crate) struct Mcp {
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<ColdStart>,
    bridge: Bridge,
    server: Throughput,
}

/// Requests per second of both servers.
#[derive(Debug, Serialize)]
struct Throughput {
    memories: usize,
    clients: u16,
    fastmcp: peer::Description,
    rows: Vec<Row>,
    /// This server's requests per second relative to FastMCP's, by policy and tool.
    ratios: Vec<Ratio>,
    server_rss_mb: f64,
}

#[derive(Debug, Serialize)]
struct Ratio {
    reads: Reads,
    tool: Tool,
    requests_per_s: f64,
    /// The same by the processor time of each server process per request: the ratio without PostgreSQL, which both
    /// wait for, and without the clients.
    process_cpu: f64,
}

/// Runs the benchmark.
pub(crate) async fn run(options: &Options, programs: &Programs<'_>, directory: &Path) -> Result<Mcp> {
    let function = if options.without_function {
        None
    } else {
        let options = cold_start::Options {
            only: vec!["mcp".to_owned(), "hello".to_owned()],
            starts: options.starts,
            login: Login::Password,
            pooler: None,
            pooler_keeps: cold_start::Kept::Password,
            memory: Vec::new(),
            memories: 500,
            warm: options.warm,
        };
        Some(cold_start::run(&options, programs.builds, directory).await?)
    };
    let (bridge, server) = beside(options, programs, directory).await?;
    Ok(Mcp { function, bridge, server })
}

/// Measures the bridge, and the server compared with FastMCP.
async fn beside(
    options: &Options,
    programs: &Programs<'_>,
    directory: &Path,
) -> Result<(Bridge, Throughput)> {
    let python = tokio::task::spawn_blocking(install::python).await??;
    let database = Database::start(directory).await?;
    let server = Server::start(programs.server, &database).await?;
    let account = Account::register(server.address).await?;
    say(&format!("adding {} memories", options.memories));
    let ids = tools::remember(server.address, &account.api_key, options.memories).await?;
    database.settle().await?;
    let bridge = bridge::measure(programs.bridge, server.address, &account.api_key, options.starts).await?;
    let peer = Peer::start(&python, &database, options.workers).await?;

    let ours = Crowd::gather(server.address, &account.api_key, options.clients).await?;
    let theirs = Crowd::gather(peer.address, &account.api_key, options.clients).await?;
    let mut tallies: Vec<Tally> = Vec::new();
    let turn = Duration::from_secs(options.seconds) / ROUNDS;
    for reads in Reads::ALL {
        reads.apply(server.address, &account.access_token, &database).await?;
        let first = tallies.len();
        for tool in Tool::ALL {
            let requests = tool.requests(&ids)?;
            let (ours, theirs) = (ours.clone(), theirs.clone());
            tallies.push(Tally::new("mem0-enterprise", server.pid(), tool, reads, ours, requests.clone()));
            tallies.push(Tally::new("FastMCP", peer.pid, tool, reads, theirs, requests));
        }
        for round in 0..=ROUNDS {
            let name =
                if round == 0 { "warming up".to_owned() } else { format!("round {round} of {ROUNDS}") };
            say(&format!("{} reads: {name}", reads.name()));
            for tally in &mut tallies[first..] {
                tally.turn(if round == 0 { turn / 4 } else { turn }, &database, round > 0).await?;
            }
        }
    }
    let rows: Vec<Row> = tallies.iter().map(Tally::row).collect();
    let ratios = rows.chunks(2).map(|pair| ratio(&pair[0], &pair[1])).collect::<Vec<_>>();
    print(&rows, &ratios);
    let throughput = Throughput {
        memories: database.memories().await?,
        clients: options.clients,
        fastmcp: peer.description(),
        rows,
        ratios,
        server_rss_mb: server.peak_resident_mb(),
    };
    Ok((bridge, throughput))
}

fn ratio(ours: &Row, theirs: &Row) -> Ratio {
    let of = |one: f64, other: f64| if other > 0.0 { rounded(one / other, 1) } else { 0.0 };
    Ratio {
        reads: ours.reads,
        tool: ours.tool,
        requests_per_s: of(ours.requests_per_s, theirs.requests_per_s),
        process_cpu: of(theirs.process_cpu_ms, ours.process_cpu_ms),
    }
}

fn print(rows: &[Row], ratios: &[Ratio]) {
    let header =
        ["tools/call", "requests", "per s", "p50 ms", "p95", "p99", "own cpu", "db cpu", "client cpu"];
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let latency = [row.latency_ms.p50, row.latency_ms.p95, row.latency_ms.p99];
            let cpu = [row.process_cpu_ms, row.database_cpu_ms, row.client_cpu_ms];
            let figures = [row.requests_per_s].into_iter().chain(latency).chain(cpu);
            let name = [
                format!("{} {} {}", row.server, row.tool.name(), row.reads.name()),
                row.requests.to_string(),
            ];
            name.into_iter().chain(figures.map(|figure| format!("{figure:.2}"))).collect()
        })
        .collect();
    table(&header, &lines);
    for Ratio { reads, tool, requests_per_s, process_cpu } in ratios {
        let (reads, name) = (reads.name(), tool.name());
        say(&format!(
            "{name}, {reads}: {requests_per_s} times the requests a second, 1/{process_cpu} of the processor"
        ));
    }
}
