//! The routes of every function, mounted together.

use std::sync::Arc;

use axum::Router;
use shared::access::Gate;
use shared::config::{LimitsConfig, PublicConfig};
use shared::embedding::{Embedder, StaticEmbedder};
use shared::http::{self, Operation};
use shared::identity::Identity;
use shared::identity::oauth::fetch::Fetcher;
use shared::memory::Memories;

/// What the functions share.
#[derive(Clone)]
pub struct Platform {
    /// Authenticates callers and holds the database.
    pub gate: Gate,
    /// The sign-in service.
    pub identity: Identity,
    /// How the outside reaches this installation.
    pub public: PublicConfig,
    /// The limits of requests.
    pub limits: LimitsConfig,
    /// Turns text into vectors.
    pub embedder: Arc<dyn Embedder>,
}

impl Platform {
    /// Creates a platform with the in-process embedder.
    #[must_use]
    pub fn new(gate: Gate, public: PublicConfig, limits: LimitsConfig) -> Self {
        Self::with_embedder(gate, public, limits, Arc::new(StaticEmbedder::new()))
    }

    /// Creates a platform with the given embedder.
    #[must_use]
    pub fn with_embedder(
        gate: Gate,
        public: PublicConfig,
        limits: LimitsConfig,
        embedder: Arc<dyn Embedder>,
    ) -> Self {
        let identity =
            Identity::new(gate.clone(), Fetcher::new(&public)).with_registration(public.registration);
        Self { gate, identity, public, limits, embedder }
    }
}

/// The router of the whole API.
pub fn router(platform: &Platform) -> Router {
    let gate = &platform.gate;
    let memories = Memories::new(gate.clone(), Arc::clone(&platform.embedder));
    let router = http::health()
        .into_router(gate.clone())
        .merge(auth::router(platform.identity.clone().into()))
        .merge(admin::router(admin::State::new(gate.clone())))
        .merge(memories::router(memories.clone()))
        .merge(ai_enhancement::router(memories.clone()))
        .merge(mcp::router(mcp::State::new(memories, &platform.public)));
    http::service(router, gate.clock.clone(), platform.limits)
}

/// Returns every operation of every function, for tests that must cover them all.
#[must_use]
pub fn operations() -> Vec<(&'static str, Operation)> {
    let health = http::health::<Gate>();
    let functions = [
        ("health", health.operations().to_vec()),
        ("auth", auth::routes().operations().to_vec()),
        ("admin", admin::routes().operations().to_vec()),
        ("memories", memories::routes().operations().to_vec()),
        ("ai-enhancement", ai_enhancement::routes().operations().to_vec()),
        ("mcp", mcp::operations()),
    ];
    functions
        .into_iter()
        .flat_map(|(function, all)| all.into_iter().map(move |operation| (function, operation)))
        .collect()
}
