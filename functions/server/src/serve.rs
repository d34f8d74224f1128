//! `server serve`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{self, Next};
use shared::access::Gate;
use shared::clock::Clock;
use shared::config::{DatabaseConfig, LimitsConfig, PublicConfig, listen, variable};
use shared::db::Database;
use shared::http::SourceIp;
use shared::telemetry;
use tokio::net::TcpListener;

use crate::{Platform, demo, embedded, migrate, router, say, shutdown};

/// How long requests under way may still take once the process is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How often scopes are moved between exact and approximate search.
const RETIER_INTERVAL: Duration = Duration::from_secs(60);

/// What `serve` does besides serving.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Options {
    /// Start a PostgreSQL under .local (unless MEM0_DATABASE_URL is set), apply the schema and make a demo enterprise.
    #[arg(long)]
    embedded: bool,
    /// Apply the schema before serving.
    #[arg(long)]
    migrate: bool,
}

/// Serves until interrupted.
pub async fn run(options: Options) -> Result<()> {
    let address = listen()?;
    // First of all: nothing is started for a port that somebody else holds.
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} (set MEM0_LISTEN to another address)"))?;
    let address = listener.local_addr()?;
    let public = PublicConfig::from_env(&format!("http://{address}"))?;
    let limits = LimitsConfig::from_env()?;

    let own_postgres = options.embedded && variable("MEM0_DATABASE_URL").is_none();
    let directory = embedded::directory();
    let database = if own_postgres {
        DatabaseConfig::new(embedded::start(&directory).await?)?
    } else if variable("MEM0_DATABASE_URL").is_some() {
        DatabaseConfig::from_env(16)?
    } else {
        bail!("MEM0_DATABASE_URL is not set (`make up`, or --embedded, brings a PostgreSQL of its own)");
    };
    if options.embedded || options.migrate {
        migrate::apply(&database).await?;
    }
    let db = Database::new(&database)?;
    db.readiness().await?;
    let clock = Clock::default();
    let platform = Platform::new(Gate::new(db, clock, &public.url), public, limits);
    let router = router(&platform);
    if options.embedded {
        let credentials = demo::ensure(&router, &directory).await.context("making the demo enterprise")?;
        demo::announce(&credentials, &platform.public.url, &directory)?;
    } else {
        say(&format!("serving on {}", platform.public.url));
    }

    // From here on: the requests that made the demo are nobody's.
    telemetry::init();
    tokio::spawn(retier(platform.gate.clone()));
    let service = with_peer_address(router);
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        shutdown::requested().await;
        say("stopping");
        let _ = stopping.send(());
    });
    tokio::select! {
        result = server.into_future() => result?,
        () = async { let _ = stopped.await; tokio::time::sleep(GRACE).await } => {
            say("some requests did not finish in time and were given up");
        }
    }
    if own_postgres {
        embedded::stop(&directory).await?;
    }
    Ok(())
}

type Service = IntoMakeServiceWithConnectInfo<axum::Router, SocketAddr>;

/// Tells the routers the peer's address as the Lambda runtime does.
fn with_peer_address(router: axum::Router) -> Service {
    async fn source_ip(
        ConnectInfo(peer): ConnectInfo<SocketAddr>,
        mut request: Request,
        next: Next,
    ) -> axum::response::Response {
        request.extensions_mut().insert(SourceIp(peer.ip().to_string()));
        next.run(request).await
    }
    let router = axum::Router::new().fallback_service(router).layer(middleware::from_fn(source_ip));
    router.into_make_service_with_connect_info::<SocketAddr>()
}

async fn retier(gate: Gate) {
    let mut every = tokio::time::interval(RETIER_INTERVAL);
    loop {
        every.tick().await;
        match shared::memory::retier_scopes(&gate).await {
            Ok(0) => {}
            Ok(changed) => tracing::info!(changed, "scopes changed their search tier"),
            Err(error) => tracing::warn!(%error, "search tiers could not be reviewed"),
        }
    }
}
