//! `server serve`.

use std::future::Future;
use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use shared::access::Gate;
use shared::clock::Clock;
use shared::config::{
    self, AnchorsConfig, DatabaseConfig, EmbeddingConfig, LimitsConfig, ProxiesConfig, PublicConfig,
    Registration, variable,
};
use shared::db::Database;
use shared::embedding;
use shared::telemetry;
use tokio::net::TcpListener;

use crate::forwarded::Forwarded;
use crate::shutdown::Shutdown;
use crate::upkeep::Upkeep;
use crate::{Platform, connections, demo, embedded, migrate, router, say};

/// How long requests in progress may still take after the process is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// What `serve` does besides serving.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Options {
    /// Start a PostgreSQL under .local, apply the schema and make a demo enterprise.
    #[arg(long)]
    embedded: bool,
    /// Apply the schema before serving.
    #[arg(long)]
    migrate: bool,
}

/// Serves until interrupted.
pub async fn run(options: Options) -> Result<()> {
    let address = config::listen()?;
    // Bound first, so that nothing is started for a port that somebody else holds.
    let listener = match TcpListener::bind(address).await {
        Err(error) if options.embedded && error.kind() == ErrorKind::AddrInUse => {
            if let Some(holder) = embedded::holder(&embedded::directory())? {
                bail!("mem0-enterprise already runs here, as {holder}: `make down` stops it");
            }
            Err(error)
        }
        bound => bound,
    };
    let listener = listener
        .with_context(|| format!("cannot listen on {address} (set MEM0_LISTEN to another address)"))?;
    let public = PublicConfig::from_env(&format!("http://{}", listener.local_addr()?))?;
    let url = public.url.clone();
    // Parsed before anything is started.
    let (limits, log) = (LimitsConfig::from_env()?, config::log_level()?);
    let (most, forwarded) = (config::max_connections()?, Forwarded::new(ProxiesConfig::from_env()?));
    let (embedding, anchors) = (EmbeddingConfig::from_env()?, AnchorsConfig::from_env()?);
    let serve = async |database: DatabaseConfig| {
        let shutdown = Shutdown::listen().context("listening to signals")?;
        let prepared = until(shutdown.clone(), prepare(options, &database, &embedding, public, limits)).await;
        let Some(platform) = prepared.transpose()? else { return Ok(()) };
        // Only from here on: requests that created the demo are not logged.
        telemetry::init(log);
        let upkeep = Upkeep::start(&platform, anchors.clone(), &shutdown);
        // Both get their grace period from the same moment on, so that stopping takes no longer than one.
        tokio::join!(answer(listener, router(&platform), most, forwarded.clone(), shutdown.clone()), async {
            shutdown.clone().requested().await;
            upkeep.end(GRACE).await;
        });
        Ok::<_, anyhow::Error>(())
    };
    match (variable("MEM0_DATABASE_URL").is_some(), options.embedded) {
        (true, false) => return serve(DatabaseConfig::from_env(16)?).await,
        (true, true) => bail!(
            "MEM0_DATABASE_URL is set, and --embedded (`make up`) brings a PostgreSQL of its own: unset the one, or leave out \
             the other; `serve --migrate` applies the schema to your database"
        ),
        (false, false) => {
            bail!("MEM0_DATABASE_URL is not set (`make up`, or --embedded, brings a PostgreSQL of its own)");
        }
        (false, true) => {}
    }
    let directory = embedded::directory();
    let _served = embedded::hold(&directory, &url).await?;
    let database = DatabaseConfig::new(embedded::start(&directory).await?)?;
    let served = serve(database).await;
    let stopped = embedded::stop(&directory).await;
    served.and(stopped.map(drop))
}

/// Prepares the database and returns the platform on it.
async fn prepare(
    options: Options,
    database: &DatabaseConfig,
    embedding: &EmbeddingConfig,
    public: PublicConfig,
    limits: LimitsConfig,
) -> Result<Platform> {
    if options.embedded || options.migrate {
        migrate::apply(database).await?;
    }
    let db = Database::new(database)?;
    db.readiness().await?;
    let gate = Gate::new(db, Clock::default(), &public.url);
    let embedder = embedding::configured(embedding, &gate.clock)?;
    let platform = Platform::with_embedder(gate, public, limits, embedder);
    let url = &platform.public.url;
    if options.embedded {
        let directory = embedded::directory();
        // The demo is founded here, whether or not others may found an enterprise.
        let identity = platform.identity.clone().with_registration(Registration::Open);
        let founding = Platform { identity, ..platform.clone() };
        let credentials = demo::ensure(&router(&founding), &directory).await;
        demo::announce(&credentials.context("making the demo enterprise")?, url, &directory)?;
    } else {
        say(&format!("serving on {url}"));
    }
    Ok(platform)
}

/// Returns the result of the work, or `None` if the process is asked to stop first.
async fn until<T>(shutdown: Shutdown, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        result = work => Some(result),
        () = shutdown.requested() => None,
    }
}

/// Answers requests until asked to stop; those in progress then get [`GRACE`].
async fn answer(
    listener: TcpListener,
    router: Router,
    most: usize,
    forwarded: Forwarded,
    shutdown: Shutdown,
) {
    tokio::select! {
        () = connections::serve(listener, router, most, forwarded, shutdown.clone()) => {}
        () = async { shutdown.requested().await; tokio::time::sleep(GRACE).await } => {
            say("some requests did not finish in time and were given up");
        }
    }
}
