//! Searching among up to a million memories over HTTP: latency, the database's processor time, recall, isolation,
//! adding, importing and sizes.
//!
//! Two companies that talk about the same topics share a partition of the projection; the second has a tenth of the
//! memories. [`company`] is the model of who may see what, [`install`] and [`load`] bring it into the database,
//! [`changes`] makes later changes. [`measure`], [`levels`], [`recall`], [`leaks`] and [`storage`] measure. [`tenants`]
//! puts thousands of small companies beside the large one.

pub(crate) mod backends;
mod changes;
mod company;
mod install;
mod leaks;
mod levels;
mod load;
mod measure;
mod recall;
mod storage;
pub(crate) mod tenants;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Instant, SystemTime};

use anyhow::{Result, ensure};
use serde::Serialize;
use tokio_postgres::Client as Postgres;

use crate::database::Database;
use crate::server::Server;
use crate::statistics::{Percentiles, rounded};
use company::{Company, RIVAL};
use install::Installed;
use leaks::{Leaks, Watched};
use load::Loaded;
use measuring::report::{say, table};
use storage::Storage;

/// The numbers of memories added while measuring: this plus the author's number.
const ADDED: u32 = 20_000_000;

/// A company and its ids in the database.
type Side<'a> = (&'a Company, &'a Installed);

/// How much is there, and how much is asked.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Memories of the company that is searched; a hundred for each of its people.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1000..=1_000_000))]
    memories: u32,
    /// Searches for the latency.
    #[arg(long, default_value_t = 2000)]
    queries: usize,
    /// Searches level by level.
    #[arg(long, default_value_t = 600)]
    level_queries: usize,
    /// Searches whose results are held against the model.
    #[arg(long, default_value_t = 10_000)]
    leak_queries: usize,
    /// Searches for the recall.
    #[arg(long, default_value_t = 300)]
    recall_queries: usize,
    /// Memories added for the latency of adding.
    #[arg(long, default_value_t = 500)]
    adds: usize,
    /// Keeps the loaded database (.local/bench/search-<memories>), and uses it if it is there: loading a million takes
    /// minutes. Its schema is migrated; remove the directory after a change of the texts.
    #[arg(long)]
    keep: bool,
}

/// The figures.
#[derive(Debug, Serialize)]
pub(crate) struct Search {
    memories: u32,
    people: u32,
    search: SearchFigures,
    add: AddFigures,
    /// Through `POST /v3/memories/import/`, when this data was loaded.
    import_per_s: f64,
    /// Processor time of the server and of PostgreSQL per imported memory.
    import_cpu_ms: f64,
    /// Searches per second, by number of concurrent clients.
    throughput: BTreeMap<&'static str, f64>,
    /// The figures of the isolation test.
    isolation: Leaks,
    /// The recall of the worst search, and the duration of an exact search.
    worst_recall_at_10: f64,
    exact_search_ms: Percentiles,
    recall_queries: usize,
    /// Searches by a person who may see every team: almost everything that is not personal.
    owner_search_ms: Percentiles,
    /// `POST /v1/memories/hierarchical/` by people with whom fifty memories of others were shared, and the database's processor
    /// time in it.
    level_by_level_ms: Percentiles,
    level_by_level_db_cpu_ms: Percentiles,
    /// One review of the search tiers, with nothing to move.
    tier_review_ms: f64,
    storage: Storage,
    server_rss_mb: f64,
}

#[derive(Debug, Serialize)]
struct SearchFigures {
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    db_cpu_p50_ms: f64,
    db_cpu_p95_ms: f64,
    db_cpu_p99_ms: f64,
    recall_at_10: f64,
    leaked_rows: usize,
    queries: usize,
}

#[derive(Debug, Serialize)]
struct AddFigures {
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

/// Runs the benchmark.
pub(crate) async fn run(options: &Options, server: &Path, directory: &Path) -> Result<Search> {
    let directory = directory.join(format!("search-{}", options.memories));
    let database = match options.keep {
        true => Database::keep(&directory).await?,
        false => Database::start(&directory).await?,
    };
    let server = Server::start(server, &database).await?;
    let postgres = database.connect().await?;
    let company = Company::new(0, options.memories);
    let rival = Company::new(RIVAL, options.memories / 10);
    let ids = install::in_partition(&postgres, 0, 2).await?;
    let installed = Installed::plan(&company, ids[0].clone(), 0);
    let rival_installed = Installed::plan(&rival, ids[1].clone(), 1);

    let loaded = match loaded(&postgres).await? {
        Some(loaded) => loaded,
        None => {
            let sides = [(&company, &installed), (&rival, &rival_installed)];
            fill(&database, &postgres, &server, sides).await?
        }
    };
    let side = (&company, &installed);
    say("reviewing tiers");
    // The schema of this build may bring work that was never done.
    database.upkeep().await?;
    let started = Instant::now();
    postgres.query_one("SELECT changed FROM mem0.review_tiers()", &[]).await?;
    let tier_review = started.elapsed();

    say(&format!("searching {} times", options.queries));
    let searches = measure::searches(server.address, &postgres, &[side], options.queries).await?;
    say(&format!("  {:?}", searches));
    let owner = measure::owner_searches(server.address, side).await?;
    say("searching level by level");
    let levels = levels::measure(server.address, &postgres, side, options.level_queries).await?;
    say(&format!("  {levels:?}"));
    say("comparing with exact search");
    let recall = recall::measure(&database, &[side], options.recall_queries).await?;
    say(&format!("  {recall:?}"));
    say("asking from all sides");
    let throughput = measure::throughput(server.address, side).await?;
    say(&format!("adding {} memories", options.adds));
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let adds = measure::adds(server.address, side, options.adds, seed).await?;
    say(&format!("looking for leaks {} times", options.leak_queries));
    let sides = [Watched::new(&company, &installed), Watched::new(&rival, &rival_installed)];
    let mut isolation =
        leaks::search_for(server.address, [&sides[0], &sides[1]], options.leak_queries).await?;
    let interrupted = leaks::interrupt(server.address, &postgres, &sides[0]).await?;
    isolation.add(&interrupted);

    let figures = Search {
        memories: options.memories,
        people: company.people,
        search: SearchFigures {
            p50_ms: searches.latency.p50,
            p95_ms: searches.latency.p95,
            p99_ms: searches.latency.p99,
            db_cpu_p50_ms: searches.db_cpu.p50,
            db_cpu_p95_ms: searches.db_cpu.p95,
            db_cpu_p99_ms: searches.db_cpu.p99,
            recall_at_10: recall.at_10,
            leaked_rows: isolation.leaked_rows,
            queries: searches.queries,
        },
        add: AddFigures { p50_ms: adds.p50, p95_ms: adds.p95, p99_ms: adds.p99 },
        #[allow(clippy::cast_precision_loss, reason = "millions")]
        import_per_s: rounded(loaded.memories as f64 / loaded.seconds, 1),
        #[allow(clippy::cast_precision_loss, reason = "millions")]
        import_cpu_ms: rounded(loaded.cpu_seconds * 1e3 / loaded.memories as f64, 3),
        throughput,
        isolation,
        worst_recall_at_10: recall.worst,
        exact_search_ms: recall.exact_ms,
        recall_queries: recall.queries,
        owner_search_ms: owner,
        level_by_level_ms: levels.latency,
        level_by_level_db_cpu_ms: levels.db_cpu,
        tier_review_ms: crate::statistics::milliseconds(tier_review),
        storage: storage::measure(&postgres).await?,
        server_rss_mb: server.peak_resident_mb(),
    };
    figures.print();
    Ok(figures)
}

/// Returns how the existing data was loaded, if it was loaded completely.
async fn loaded(postgres: &Postgres) -> Result<Option<Loaded>> {
    postgres
        .batch_execute("CREATE TABLE IF NOT EXISTS public.bench_loaded (memories bigint, seconds float8, cpu_seconds float8)")
        .await?;
    let row =
        postgres.query_opt("SELECT memories, seconds, cpu_seconds FROM public.bench_loaded", &[]).await?;
    if row.is_none() {
        let half = postgres.query_opt("SELECT FROM enterprises LIMIT 1", &[]).await?;
        ensure!(half.is_none(), "the kept database is half loaded: remove its directory under .local/bench");
    }
    Ok(row.map(|row| Loaded {
        memories: usize::try_from(row.get::<_, i64>(0)).unwrap_or_default(),
        seconds: row.get(1),
        cpu_seconds: row.get(2),
    }))
}

async fn fill(
    database: &Database,
    postgres: &Postgres,
    server: &Server,
    sides: [Side<'_>; 2],
) -> Result<Loaded> {
    let mut total = Loaded::default();
    for (company, installed) in sides {
        say(&format!("making a company of {} people", company.people));
        installed.insert(postgres, company).await?;
        postgres.batch_execute(install::NEXT_SCOPE).await?;
        say(&format!("importing {} memories", company.facts.len()));
        let busy = || -> Result<f64> { Ok((server.cpu_time() + database.cpu_time()?).as_secs_f64()) };
        let before = busy()?;
        let loaded = load::load(server.address, company, installed).await?;
        total.memories += loaded.memories;
        total.seconds += loaded.seconds;
        total.cpu_seconds += busy()? - before;
        say("changing who may see what");
        changes::make(server.address, postgres, company, installed).await?;
    }
    let visible = storage::all_visible(postgres).await?;
    say(&format!(
        "settling; {:.1}% of the projection's pages were visible to all by autovacuum alone",
        visible * 100.0
    ));
    database.settle().await?;
    #[allow(clippy::cast_possible_wrap, reason = "millions")]
    let memories = total.memories as i64;
    postgres
        .execute(
            "INSERT INTO public.bench_loaded VALUES ($1, $2, $3)",
            &[&memories, &total.seconds, &total.cpu_seconds],
        )
        .await?;
    Ok(total)
}

impl Search {
    fn print(&self) {
        let line = |name: &str, figures: &[f64]| {
            std::iter::once(name.to_owned())
                .chain(figures.iter().map(|figure| format!("{figure:.2}")))
                .collect()
        };
        let Self {
            search,
            add,
            owner_search_ms: owner,
            level_by_level_ms: levels,
            exact_search_ms: exact,
            ..
        } = self;
        let rows: Vec<Vec<String>> = vec![
            line("search", &[search.p50_ms, search.p95_ms, search.p99_ms]),
            line("  database cpu", &[search.db_cpu_p50_ms, search.db_cpu_p95_ms, search.db_cpu_p99_ms]),
            line("  by the owner", &[owner.p50, owner.p95, owner.p99]),
            line("  level by level", &[levels.p50, levels.p95, levels.p99]),
            line("add", &[add.p50_ms, add.p95_ms, add.p99_ms]),
            line("exact vectors", &[exact.p50, exact.p95, exact.p99]),
        ];
        table(&["ms", "p50", "p95", "p99"], &rows);
        say(&format!(
            "recall@10 {}, {} leaked rows in {} searches, {} memories/s imported",
            search.recall_at_10, search.leaked_rows, self.isolation.queries, self.import_per_s
        ));
    }
}
