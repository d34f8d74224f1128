//! The all-in-one server over HTTP: adding and searching in a tenant with many memories.
//!
//! One process, one PostgreSQL, clients with keep-alive connections, all on this machine. `GET /health` of the same
//! server in the same run is the baseline: only HTTP. Operations take turns over a few rounds, so that other load on
//! the machine affects all of them equally.
//!
//! [`operation`] defines the requests, [`drive`] the clients, and [`without`] what can be
//! left out to see what it costs.

pub(crate) mod drive;
mod operation;
mod without;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::account::Account;
use crate::database::Database;
use crate::server::Server;
use crate::statistics::{Percentiles, Samples, milliseconds, rounded};
use crate::text::Writer;
use drive::{Crowd, drive};
use measuring::report::{say, table};
use operation::{Operation, fill, share};
use without::{Growth, Without};

/// How many turns each operation gets.
const ROUNDS: usize = 5;

/// How much is there, and how much is asked.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Memories in the tenant before anything is measured.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..))]
    memories: u32,
    /// Requests of each kind and number of clients; a tenth for adding, which changes what is measured.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(100..))]
    requests: u32,
    /// Numbers of clients that ask at the same time.
    #[arg(long, value_delimiter = ',', default_value = "1,8", value_parser = clap::value_parser!(u16).range(1..=64))]
    clients: Vec<u16>,
    /// Memories of somebody else's that are shared with the caller, each by itself.
    #[arg(long, default_value_t = 50)]
    shares: usize,
    /// SQL that the database is prepared with before anything is measured, to compare one setting with another.
    #[arg(long)]
    sql: Option<String>,
    /// Measure searching also without these, in the same rounds: what they cost.
    #[arg(long, value_delimiter = ',')]
    without: Vec<Without>,
}

/// The figures.
#[derive(Debug, Serialize)]
pub(crate) struct Api {
    memories_before: usize,
    memories_after: usize,
    fill: Fill,
    /// The largest resident set of the server, in MB.
    server_rss_mb: f64,
    rows: Vec<Row>,
    /// For each part that was left out, how much it adds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    growth: Vec<Growth>,
}

/// Adding the memories that are searched: twenty per request, four requests at a time.
#[derive(Debug, Serialize)]
struct Fill {
    seconds: f64,
    memories_per_s: f64,
}

/// One operation with one number of clients.
#[derive(Debug, Serialize)]
struct Row {
    operation: Operation,
    #[serde(skip_serializing_if = "Option::is_none")]
    without: Option<Without>,
    clients: u16,
    requests: usize,
    latency_ms: Percentiles,
    requests_per_s: f64,
    /// CPU time per request: the server, PostgreSQL, and the clients of this benchmark.
    server_cpu_ms: f64,
    database_cpu_ms: f64,
    client_cpu_ms: f64,
    /// The median relative to that of `GET /health` with as many clients.
    of_health: f64,
}

/// Runs the benchmark.
pub(crate) async fn run(options: &Options, server: &Path, directory: &Path) -> Result<Api> {
    let database = Database::start(directory).await?;
    let server = Server::start(server, &database).await?;
    let account = Account::register(server.address).await?;
    let mut writer = Writer::seeded(1);

    let wanted = options.memories as usize;
    say(&format!("adding {wanted} memories"));
    let started = Instant::now();
    fill(server.address, &account.api_key, wanted, &mut writer).await?;
    let took = started.elapsed().as_secs_f64();
    let memories_before = database.memories().await?;
    ensure!(memories_before >= wanted, "only {memories_before} of {wanted} memories are there");
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let fill = Fill { seconds: rounded(took, 1), memories_per_s: rounded(memories_before as f64 / took, 1) };
    share(server.address, &account, options.shares, &mut writer).await?;
    database.settle().await?;
    if let Some(sql) = &options.sql {
        database.connect().await?.batch_execute(sql).await?;
    }

    let mut tallies = Vec::new();
    for clients in &options.clients {
        let crowd = Crowd::gather(server.address, &account.api_key, *clients).await?;
        let whole = Operation::ALL.map(|operation| Tally::new(operation, None, *clients, crowd.clone()));
        let parts = options.without.iter().flat_map(|without| {
            Operation::COMPARED
                .map(|operation| Tally::new(operation, Some(*without), *clients, crowd.clone()))
        });
        tallies.extend(parts.chain(whole));
    }
    for round in 0..=ROUNDS {
        say(&if round == 0 { "warming up".to_owned() } else { format!("round {round} of {ROUNDS}") });
        // The order alternates, so that each operation runs as often before the others as
        // after them; adding stays last.
        if round > 1 {
            let compared = options.without.len() * Operation::COMPARED.len();
            let each = tallies.len() / options.clients.len();
            for tallies in tallies.chunks_mut(each) {
                tallies[..compared + Operation::ALL.len() - 1].reverse();
            }
        }
        for tally in &mut tallies {
            let turn = options.requests as usize / ROUNDS;
            let requests = tally.operation.requests(&mut writer, turn)?;
            // The first round only warms up, and an eighth is enough for that.
            let count = if round == 0 { requests.len() / 8 } else { requests.len() };
            tally.turn(requests.into_iter().take(count).collect(), &server, &database, round > 0).await?;
        }
    }
    let rows = rows(&tallies);
    print(&rows);
    let growth = Growth::of(&rows);
    if !growth.is_empty() {
        let header = ["with", "operation", "clients", "p50", "p95", "server cpu", "db cpu"];
        table(&header, &growth.iter().map(Growth::line).collect::<Vec<_>>());
    }
    Ok(Api {
        memories_before,
        memories_after: database.memories().await?,
        fill,
        server_rss_mb: server.peak_resident_mb(),
        rows,
        growth,
    })
}

/// One operation with one number of clients, and its measurements so far.
struct Tally {
    operation: Operation,
    without: Option<Without>,
    clients: u16,
    crowd: Crowd,
    latency: Samples,
    elapsed: Duration,
    server_cpu: Duration,
    database_cpu: Duration,
    client_cpu: Duration,
}

impl Tally {
    fn new(operation: Operation, without: Option<Without>, clients: u16, crowd: Crowd) -> Self {
        let zero = Duration::ZERO;
        Self {
            operation,
            without,
            clients,
            crowd,
            latency: Samples::default(),
            elapsed: zero,
            server_cpu: zero,
            database_cpu: zero,
            client_cpu: zero,
        }
    }

    async fn turn(
        &mut self,
        requests: Vec<http::Request<bytes::Bytes>>,
        server: &Server,
        database: &Database,
        counts: bool,
    ) -> Result<()> {
        let left_out = match self.without {
            Some(without) => {
                let superuser = database.connect().await?;
                Some((without.begin(&superuser).await?, superuser))
            }
            None => None,
        };
        let own_cpu = || crate::process::cpu_time(std::process::id());
        let before = (server.cpu_time(), database.cpu_time()?, own_cpu());
        let started = Instant::now();
        let latency = drive(&self.crowd, requests, self.operation.expected()).await?;
        let elapsed = started.elapsed();
        if counts {
            self.latency.append(latency);
            self.elapsed += elapsed;
            self.server_cpu += server.cpu_time().saturating_sub(before.0);
            self.database_cpu += database.cpu_time()?.saturating_sub(before.1);
            self.client_cpu += own_cpu().saturating_sub(before.2);
        }
        if let Some((left_out, superuser)) = left_out {
            left_out.end(&superuser).await?;
        }
        Ok(())
    }

    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn row(&self) -> Row {
        let requests = self.latency.len();
        let each = |cpu: Duration| milliseconds(cpu.div_f64(requests.max(1) as f64));
        Row {
            operation: self.operation,
            without: self.without,
            clients: self.clients,
            requests,
            latency_ms: self.latency.percentiles(),
            requests_per_s: rounded(requests as f64 / self.elapsed.as_secs_f64(), 1),
            server_cpu_ms: each(self.server_cpu),
            database_cpu_ms: each(self.database_cpu),
            client_cpu_ms: each(self.client_cpu),
            of_health: 0.0,
        }
    }
}

fn rows(tallies: &[Tally]) -> Vec<Row> {
    let mut rows: Vec<Row> = tallies.iter().map(Tally::row).collect();
    let floors: Vec<(u16, f64)> = rows
        .iter()
        .filter(|row| row.operation == Operation::Health)
        .map(|row| (row.clients, row.latency_ms.p50))
        .collect();
    for row in &mut rows {
        let floor = floors.iter().find(|(clients, _)| *clients == row.clients).map_or(0.0, |(_, p50)| *p50);
        row.of_health = if floor > 0.0 { rounded(row.latency_ms.p50 / floor, 1) } else { 0.0 };
    }
    rows
}

fn print(rows: &[Row]) {
    let header = [
        "ms",
        "clients",
        "requests",
        "p50",
        "p95",
        "p99",
        "per s",
        "server cpu",
        "db cpu",
        "client cpu",
        "of health",
    ];
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let Percentiles { p50, p95, p99 } = row.latency_ms;
            let figures = [p50, p95, p99, row.requests_per_s];
            let cpu = [row.server_cpu_ms, row.database_cpu_ms, row.client_cpu_ms, row.of_health];
            let operation = match row.without {
                Some(without) => format!("{} without {without:?}", row.operation),
                None => row.operation.to_string(),
            };
            let name = [operation, row.clients.to_string(), row.requests.to_string()];
            name.into_iter().chain(figures.iter().chain(&cpu).map(|figure| format!("{figure:.2}"))).collect()
        })
        .collect();
    table(&header, &lines);
}
