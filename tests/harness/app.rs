//! The application under test.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use server::Platform;
use shared::access::Gate;
use shared::clock::Clock;
use shared::config::{DatabaseConfig, LimitsConfig, PublicConfig, Registration};
use shared::db::Database;
use shared::embedding::{Embedder, StaticEmbedder};
use shared::identity::Identity;
use shared::identity::oauth::fetch::Fetcher;
use shared::jobs::Worker;

use super::{Actor, Anonymous, TestDatabase, people, tokens};

/// Issuer and audience of the tests' access tokens.
pub(crate) const PUBLIC_URL: &str = "https://mem0.test";
/// A web origin that may call the endpoint, besides the installation's own.
pub(crate) const ALLOWED_ORIGIN: &str = "https://chat.test";

/// Every router on its own database, with a clock that stands still. Cheap to clone; the database
/// is dropped with the last clone.
#[derive(Clone)]
pub(crate) struct TestApp(Arc<Parts>);

struct Parts {
    router: Router,
    platform: Platform,
    // Last, so that it is dropped after the pool that uses it.
    database: Arc<TestDatabase>,
}

impl TestApp {
    /// Creates an application in which nobody has registered yet.
    pub(crate) async fn new() -> Self {
        Self::with_limits(LimitsConfig::default()).await
    }

    /// Creates one with other request limits.
    pub(crate) async fn with_limits(limits: LimitsConfig) -> Self {
        Self::with(limits, Arc::new(StaticEmbedder::new())).await
    }

    /// Creates one with another embedder than the in-process one.
    pub(crate) async fn with_embedder(embedder: Arc<dyn Embedder>) -> Self {
        Self::with(LimitsConfig::default(), embedder).await
    }

    /// Creates one that is served on a port of this machine and has that URL as its public URL,
    /// as clients that sign in require.
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

    /// Creates one that fetches nothing from URLs given by others.
    pub(crate) async fn cut_off() -> Self {
        let public = PublicConfig { reads_documents: false, ..public(PUBLIC_URL) };
        let embedder = Arc::new(StaticEmbedder::new());
        Self::fetching(PUBLIC_URL, LimitsConfig::default(), embedder, Fetcher::new(&public)).await
    }

    async fn called(url: &str, limits: LimitsConfig, embedder: Arc<dyn Embedder>) -> Self {
        // In tests, the metadata documents of applications are on this machine.
        Self::fetching(url, limits, embedder, Fetcher::reaching_loopback()).await
    }

    async fn fetching(
        url: &str,
        limits: LimitsConfig,
        embedder: Arc<dyn Embedder>,
        fetcher: Fetcher,
    ) -> Self {
        let database = TestDatabase::new().await;
        let address = database.url().await;
        Self::over((database, address), url, limits, embedder, fetcher).await
    }

    /// Creates one that logs in as the owner of the tables, to whom row-level security does not apply by itself.
    pub(crate) async fn as_owner() -> Self {
        let database = TestDatabase::new().await;
        let address = database.owner_url().await;
        let (limits, embedder) = (LimitsConfig::default(), Arc::new(StaticEmbedder::new()));
        Self::over((database, address), PUBLIC_URL, limits, embedder, Fetcher::reaching_loopback()).await
    }

    /// Creates one whose connections lead through this port of this machine, which leads to the tests' PostgreSQL.
    pub(crate) async fn through(port: u16) -> Self {
        let database = TestDatabase::new().await;
        let direct = format!(":{}/", database.address().await.port());
        let address = database.url().await.replace(&direct, &format!(":{port}/"));
        let (limits, embedder) = (LimitsConfig::default(), Arc::new(StaticEmbedder::new()));
        Self::over((database, address), PUBLIC_URL, limits, embedder, Fetcher::reaching_loopback()).await
    }

    async fn over(
        (database, address): (TestDatabase, String),
        url: &str,
        limits: LimitsConfig,
        embedder: Arc<dyn Embedder>,
        fetcher: Fetcher,
    ) -> Self {
        let clock = Clock::mock(Self::start());
        let config = DatabaseConfig { connections: 4, ..DatabaseConfig::new(address).unwrap() };
        let gate = Gate::new(Database::new(&config).unwrap(), clock.clone(), url);
        let mut platform = Platform::with_embedder(gate.clone(), public(url), limits, embedder);
        platform.identity = Identity::new(gate, fetcher);
        let router = server::router(&platform);
        let app = Self(Arc::new(Parts { router, platform, database: Arc::new(database) }));
        tokens::add_signing_key(&app).await;
        app
    }

    /// The same installation after a configuration change: the same database and clock, another embedder.
    pub(crate) fn with_other_embedder(&self, embedder: Arc<dyn Embedder>) -> Self {
        let platform = Platform { embedder, ..self.0.platform.clone() };
        let router = server::router(&platform);
        Self(Arc::new(Parts { router, platform, database: Arc::clone(&self.0.database) }))
    }

    /// Turns its texts into vectors.
    pub(crate) fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.0.platform.embedder
    }

    /// Creates an application with two enterprises that know nothing of each other; returns their owners.
    pub(crate) async fn two_tenants() -> (Self, Actor, Actor) {
        let app = Self::new().await;
        let (alice, bob) = (app.owner("alice").await, app.owner("bob").await);
        (app, alice, bob)
    }

    /// Returns a caller without a credential.
    pub(crate) fn anonymous(&self) -> Anonymous {
        Anonymous::new(self)
    }

    /// Creates an enterprise; returns its owner, logged in.
    pub(crate) async fn owner(&self, name: &str) -> Actor {
        people::found(self, name).await
    }

    /// Creates an enterprise by registering; its owner has a password.
    pub(crate) async fn registered(&self, name: &str) -> Actor {
        people::register(self, name).await
    }

    /// Accepts an invitation by registering.
    pub(crate) async fn accepted(&self, email: &str, invitation: &str) -> Actor {
        people::accept(self, email, invitation).await
    }

    /// The time at which every test starts.
    pub(crate) fn start() -> DateTime<Utc> {
        "2026-03-02T09:00:00Z".parse().unwrap()
    }

    /// Returns a number that is unique in this process, for names.
    pub(crate) fn unique() -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the application's current time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.platform.gate.clock.now()
    }

    /// Advances the clock.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.0.platform.gate.clock.advance(by);
    }

    /// The routers with the layers of `http::service`.
    pub(crate) fn router(&self) -> Router {
        self.0.router.clone()
    }

    /// Serves it on a port of this machine while the test runs; returns the URL.
    pub(crate) async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = self.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// For test data that only the domain's own functions can create, not a route.
    pub(crate) fn gate(&self) -> &Gate {
        &self.0.platform.gate
    }

    /// Runs background jobs.
    pub(crate) fn worker(&self) -> Worker {
        Worker::new(self.gate().clone(), Arc::clone(self.embedder()))
    }

    /// The same installation with `MEM0_REGISTRATION=invitation`.
    pub(crate) fn by_invitation(&self) -> Self {
        let platform = &self.0.platform;
        let identity = platform.identity.clone().with_registration(Registration::Invitation);
        let platform = Platform { identity, ..platform.clone() };
        let (router, database) = (server::router(&platform), Arc::clone(&self.0.database));
        Self(Arc::new(Parts { router, platform, database }))
    }

    /// For inspecting what sign-in counts.
    pub(crate) fn identity(&self) -> &Identity {
        &self.0.platform.identity
    }

    /// The application's database.
    pub(crate) fn database(&self) -> &TestDatabase {
        &self.0.database
    }
}

fn public(url: &str) -> PublicConfig {
    PublicConfig {
        url: url.to_owned(),
        allowed_origins: vec![ALLOWED_ORIGIN.to_owned()],
        reads_documents: true,
        registration: Registration::Open,
    }
}
