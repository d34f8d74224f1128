//! The application under test.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use server::Platform;
use shared::access::Gate;
use shared::clock::Clock;
use shared::config::{DatabaseConfig, LimitsConfig, PublicConfig};
use shared::db::Database;
use shared::embedding::{Embedder, StaticEmbedder};
use shared::identity::Identity;
use shared::identity::oauth::fetch::Fetcher;
use shared::jobs::Worker;

use super::{Actor, Anonymous, TestDatabase, people, tokens};

/// Issuer and audience of the tests' access tokens.
pub(crate) const PUBLIC_URL: &str = "https://mem0.test";
/// Whose pages may call the endpoint besides the installation's own.
pub(crate) const ALLOWED_ORIGIN: &str = "https://chat.test";

/// Every router on a database of its own, and a clock that stands still. Cheap to clone; the database goes with the
/// last clone.
#[derive(Clone)]
pub(crate) struct TestApp(Arc<Parts>);

struct Parts {
    router: Router,
    platform: Platform,
    // Last: dropped after the pool that uses it.
    database: Arc<TestDatabase>,
}

impl TestApp {
    /// Nobody has registered yet.
    pub(crate) async fn new() -> Self {
        Self::with_limits(LimitsConfig::default()).await
    }

    /// With other limits on what a request may cost.
    pub(crate) async fn with_limits(limits: LimitsConfig) -> Self {
        Self::with(limits, Arc::new(StaticEmbedder::new())).await
    }

    /// With another embedder than the one that needs no network.
    pub(crate) async fn with_embedder(embedder: Arc<dyn Embedder>) -> Self {
        Self::with(LimitsConfig::default(), embedder).await
    }

    /// One that is served on a port of this machine and calls itself by that URL, as clients that sign in insist.
    pub(crate) async fn published() -> (Self, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Self::called(&url, LimitsConfig::default(), Arc::new(StaticEmbedder::new())).await;
        let router = app.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (app, url)
    }

    async fn with(limits: LimitsConfig, embedder: Arc<dyn Embedder>) -> Self {
        Self::called(PUBLIC_URL, limits, embedder).await
    }

    /// One that reads nothing from addresses that others name.
    pub(crate) async fn cut_off() -> Self {
        let public = PublicConfig { reads_documents: false, ..public(PUBLIC_URL) };
        let embedder = Arc::new(StaticEmbedder::new());
        Self::fetching(PUBLIC_URL, LimitsConfig::default(), embedder, Fetcher::new(&public)).await
    }

    async fn called(url: &str, limits: LimitsConfig, embedder: Arc<dyn Embedder>) -> Self {
        // Applications that describe themselves by a document have it on this machine.
        Self::fetching(url, limits, embedder, Fetcher::reaching_loopback()).await
    }

    async fn fetching(
        url: &str,
        limits: LimitsConfig,
        embedder: Arc<dyn Embedder>,
        fetcher: Fetcher,
    ) -> Self {
        let database = TestDatabase::new().await;
        let clock = Clock::mock(Self::start());
        let config = DatabaseConfig { connections: 4, ..DatabaseConfig::new(database.url().await).unwrap() };
        let gate = Gate::new(Database::new(&config).unwrap(), clock.clone(), url);
        let mut platform = Platform::with_embedder(gate.clone(), public(url), limits, embedder);
        platform.identity = Identity::new(gate, fetcher);
        let router = server::router(&platform);
        let app = Self(Arc::new(Parts { router, platform, database: Arc::new(database) }));
        tokens::add_signing_key(&app).await;
        app
    }

    /// The same installation after a change of its configuration: the same database and clock, another embedder.
    pub(crate) fn with_other_embedder(&self, embedder: Arc<dyn Embedder>) -> Self {
        let platform = Platform { embedder, ..self.0.platform.clone() };
        let router = server::router(&platform);
        Self(Arc::new(Parts { router, platform, database: Arc::clone(&self.0.database) }))
    }

    /// What turns its texts into vectors.
    pub(crate) fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.0.platform.embedder
    }

    /// Two owners of an enterprise each, who know nothing of each other.
    pub(crate) async fn two_tenants() -> (Self, Actor, Actor) {
        let app = Self::new().await;
        let (alice, bob) = (app.owner("alice").await, app.owner("bob").await);
        (app, alice, bob)
    }

    /// Somebody without a credential.
    pub(crate) fn anonymous(&self) -> Anonymous {
        Anonymous::new(self)
    }

    /// Founds an enterprise; its owner, logged in.
    pub(crate) async fn owner(&self, name: &str) -> Actor {
        people::found(self, name).await
    }

    /// Founds an enterprise by registering; its owner has a password.
    pub(crate) async fn registered(&self, name: &str) -> Actor {
        people::register(self, name).await
    }

    /// Accepts an invitation by registering.
    pub(crate) async fn accepted(&self, email: &str, invitation: &str) -> Actor {
        people::accept(self, email, invitation).await
    }

    /// When every test begins.
    pub(crate) fn start() -> DateTime<Utc> {
        "2026-03-02T09:00:00Z".parse().unwrap()
    }

    /// A number that no other call in this process gives, for names.
    pub(crate) fn unique() -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// What the application takes for the present.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.platform.gate.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.0.platform.gate.clock.advance(by);
    }

    /// The routers, as `http::service` wraps them.
    pub(crate) fn router(&self) -> Router {
        self.0.router.clone()
    }

    /// Serves it on a port of this machine while the test runs; the URL.
    pub(crate) async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = self.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// For arranging by the domain's own verbs what no route does.
    pub(crate) fn gate(&self) -> &Gate {
        &self.0.platform.gate
    }

    /// Whoever does the work that nobody waits for.
    pub(crate) fn worker(&self) -> Worker {
        Worker::new(self.gate().clone(), Arc::clone(self.embedder()))
    }

    /// For looking at what sign-in counts.
    pub(crate) fn identity(&self) -> &Identity {
        &self.0.platform.identity
    }

    /// The database beneath.
    pub(crate) fn database(&self) -> &TestDatabase {
        &self.0.database
    }
}

fn public(url: &str) -> PublicConfig {
    PublicConfig {
        url: url.to_owned(),
        allowed_origins: vec![ALLOWED_ORIGIN.to_owned()],
        reads_documents: true,
    }
}
