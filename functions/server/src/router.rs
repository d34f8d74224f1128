//! Every function's routes, mounted together.

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
    /// Who asks, and the database.
    pub gate: Gate,
    /// The verbs of sign-in.
    pub identity: Identity,
    /// How the outside reaches this installation.
    pub public: PublicConfig,
    /// What a request may cost.
    pub limits: LimitsConfig,
    /// What turns text into vectors.
    pub embedder: Arc<dyn Embedder>,
}

impl Platform {
    /// A platform with the in-process embedder.
    #[must_use]
    pub fn new(gate: Gate, public: PublicConfig, limits: LimitsConfig) -> Self {
        Self::with_embedder(gate, public, limits, Arc::new(StaticEmbedder::new()))
    }

    /// A platform with an embedder of one's choice.
    #[must_use]
    pub fn with_embedder(
        gate: Gate,
        public: PublicConfig,
        limits: LimitsConfig,
        embedder: Arc<dyn Embedder>,
    ) -> Self {
        let identity = Identity::new(gate.clone(), Fetcher::new(&public));
        Self { gate, identity, public, limits, embedder }
    }
}

/// The whole API.
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

/// Every operation of every function, for the tests that must cover them all.
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
