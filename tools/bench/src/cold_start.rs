//! Cold starts: from the start of a function's process to its first answer, with one real query behind it.
//!
//! Every function runs as packaged, under the emulated Runtime API, on a database with an account and some memories.
//! The event is waiting when the process starts, as on Lambda. Rounds are interleaved (every function once, then every
//! function again), so that other load on the machine affects all of them equally, including the baselines: `hello`,
//! which does nothing, `hello_connect`, which also connects to the database as anybody would, and `c`, the floor.
//!
//! PostgreSQL is behind TLS ([`door`]), and if asked for behind PgBouncer ([`pooler`]). [`stage`] prepares the database, [`request`] defines the
//! requests, [`measure`] sends them.

mod door;
mod measure;
mod pooler;
mod quota;
pub(crate) mod request;
mod stage;

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use crate::builds::Builds;
use crate::sizes::megabytes;
use crate::statistics::{Percentiles, Spread};
pub(crate) use door::Login;
use measure::Measured;
use measuring::report::{say, table};
pub(crate) use pooler::Kept;
use quota::Quota;
use stage::Stage;

/// What is repeated how often.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Functions to measure; all when none is named.
    #[arg(long = "function", value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Cold starts of each function.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) starts: u32,
    /// How functions log in to the database.
    #[arg(long, value_enum, default_value = "password")]
    pub(crate) login: Login,
    /// Puts this PgBouncer between TLS and PostgreSQL: sessions are kept from one start to the next.
    #[arg(long, value_name = "PGBOUNCER")]
    pub(crate) pooler: Option<PathBuf>,
    /// What it has of the passwords.
    #[arg(long, value_enum, default_value = "password", requires = "pooler")]
    pub(crate) pooler_keeps: Kept,
    /// Starts and asks each function again with no more processor than these memory sizes buy, in MB; none for 0.
    #[arg(long, default_value = "128", value_delimiter = ',', value_name = "MB")]
    pub(crate) memory: Vec<u64>,
    /// Memories of the tenant, in twenties: a hundred are all read by a search, of five hundred it looks for the best.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(20..=10_000))]
    pub(crate) memories: u32,
    /// Requests to each function once it is warm.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) warm: u32,
}

/// The figures.
#[derive(Debug, Serialize)]
pub(crate) struct ColdStart {
    /// Memories of the tenant.
    memories: u32,
    login: &'static str,
    /// What keeps sessions, if anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pooler: Option<String>,
    /// The mechanism that enforced the quotas of processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<&'static str>,
    rows: Vec<Row>,
}

/// One function of one build. Times are in milliseconds.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    build: String,
    /// Its first request.
    request: &'static str,
    zip_bytes: u64,
    bootstrap_bytes: u64,
    starts: usize,
    /// From spawn to the first request for work: initialization, which includes connecting to the database.
    ready_ms: Spread,
    /// From spawn to the first answer.
    first_ms: Spread,
    /// CPU time of the process until ready.
    cpu_ready_ms: Spread,
    /// CPU time of the process until its first answer.
    cpu_first_ms: Spread,
    /// The same with a quota of processor time according to the memory size.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    under_quota: Vec<Throttled>,
    /// How the time to the first answer is spent, by medians.
    #[serde(skip_serializing_if = "Option::is_none")]
    phases_ms: Option<Phases>,
    /// Wall time until the first answer relative to `hello_connect`, by medians.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_of_hello_connect: Option<f64>,
    /// CPU time until the first answer relative to `hello`, by medians.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_first_of_hello: Option<f64>,
    /// The largest resident set at the first answer, median, in MB.
    rss_mb: f64,
    /// From event to answer when warm.
    warm_ms: Percentiles,
    /// CPU time of the process per request when warm, on average.
    warm_cpu_ms: f64,
    /// The same for each request, read while the process waits for the next one.
    warm_cpu_each_ms: Percentiles,
}

/// One function under one quota of processor time. Times are in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Throttled {
    /// The memory size that the quota corresponds to.
    memory_mb: u64,
    /// From spawn to the first answer, including initialization, which Lambda itself does not throttle.
    first_ms: Spread,
    /// From event to answer when warm, with pauses between requests.
    warm_ms: Percentiles,
}

/// How the time of a cold start is spent, observed from outside. In milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Phases {
    /// From spawn until the database has accepted the connection: the program starts, reads
    /// its configuration and connects.
    start: f64,
    /// The TLS handshake.
    tls: f64,
    /// From there to the first request for work: the login, and the first queries of a new connection.
    login: f64,
    /// From there to the first answer.
    answer: f64,
}

/// Runs the benchmark.
pub(crate) async fn run(options: &Options, builds: &Builds, directory: &Path) -> Result<ColdStart> {
    let stage = Stage::set(builds, directory, options).await?;
    let mut functions = builds.all()?;
    functions.retain(|function| options.only.is_empty() || options.only.contains(&function.name));
    let subjects = stage.subjects(&functions)?;
    let mut measured: Vec<Measured> = subjects.into_iter().map(Measured::new).collect();
    for round in 0..=options.starts {
        if round % 10 == 1 {
            say(&format!("cold starts: round {round} of {}", options.starts));
        }
        for subject in &mut measured {
            // The first round only brings the binaries into the page cache.
            subject.start_cold(&stage.front, round > 0).await?;
        }
    }
    let mut enforced_by = None;
    for &memory in options.memory.iter().filter(|&&memory| memory > 0) {
        let Some(quota) = Quota::of(memory) else {
            say("no quota can be enforced here: needs root and the cpu controller of cgroups");
            break;
        };
        say(&format!("the same with the processor of {memory} MB, {}", quota.by));
        for _ in 0..options.starts {
            for subject in &mut measured {
                subject.start_throttled(memory, &quota).await?;
            }
        }
        for subject in &mut measured {
            subject.stay_warm_throttled(memory, &quota, options.starts).await?;
        }
        enforced_by = Some(quota.by);
    }
    say("warm requests");
    for subject in &mut measured {
        subject.stay_warm(options.warm).await?;
    }
    let rows = rows(&measured);
    print(&rows);
    let login = match options.login {
        Login::Password => "password, SCRAM-SHA-256 with 4096 iterations",
        Login::Iam => "IAM token",
    };
    let pooler = options.pooler.as_ref().map(|_| {
        format!("PgBouncer, pool_mode session, keeps {:?}, {}", options.pooler_keeps, pooler::reset())
    });
    Ok(ColdStart { memories: options.memories, login, pooler, quota: enforced_by, rows })
}

fn rows(measured: &[Measured]) -> Vec<Row> {
    let mut rows: Vec<Row> = measured.iter().map(Measured::row).collect();
    let hello = rows.iter().find(|row| row.name == "hello" && row.build.is_empty());
    if let Some(hello) = hello.map(|row| row.cpu_first_ms.median).filter(|&median| median > 0.0) {
        for row in &mut rows {
            row.cpu_first_of_hello = Some(crate::statistics::rounded(row.cpu_first_ms.median / hello, 2));
        }
    }
    let connect = rows.iter().find(|row| row.name == "hello_connect" && row.build.is_empty());
    if let Some(connect) = connect.map(|row| row.first_ms.median).filter(|&median| median > 0.0) {
        for row in &mut rows {
            row.first_of_hello_connect = Some(crate::statistics::rounded(row.first_ms.median / connect, 2));
        }
    }
    rows
}

fn print(rows: &[Row]) {
    let header = [
        "ms",
        "zip MB",
        "ready",
        "first min",
        "median",
        "p95",
        "cpu ready",
        "cpu first",
        "of hello",
        "of connect",
        "quota",
        "rss MB",
        "warm p50",
        "warm cpu",
        "cpu p95",
    ];
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let name =
                if row.build.is_empty() { row.name.clone() } else { format!("{} ({})", row.name, row.build) };
            let times = [
                row.ready_ms.median,
                row.first_ms.min,
                row.first_ms.median,
                row.first_ms.p95,
                row.cpu_ready_ms.median,
                row.cpu_first_ms.median,
                row.cpu_first_of_hello.unwrap_or_default(),
                row.first_of_hello_connect.unwrap_or_default(),
                row.under_quota.first().map_or(0.0, |throttled| throttled.first_ms.median),
                row.rss_mb,
                row.warm_ms.p50,
                row.warm_cpu_ms,
                row.warm_cpu_each_ms.p95,
            ];
            let times = times.iter().map(|time| format!("{time:.2}"));
            [name, megabytes(row.zip_bytes)].into_iter().chain(times).collect()
        })
        .collect();
    table(&header, &lines);
}
