//! What the endpoint needs: the memories, and the SDK's transport around them.

use std::sync::Arc;

use axum::extract::FromRef;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use shared::access::Gate;
use shared::config::PublicConfig;
use shared::memory::Memories;

use crate::server::MemoryServer;

pub(crate) type Transport = StreamableHttpService<MemoryServer, NeverSessionManager>;

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub struct State {
    memories: Memories,
    pub(crate) transport: Arc<Transport>,
}

impl State {
    /// `public` names the host and the browser origins that may call.
    #[must_use]
    pub fn new(memories: Memories, public: &PublicConfig) -> Self {
        let server = MemoryServer::new(memories.clone());
        let transport =
            StreamableHttpService::new(move || Ok(server.clone()), Arc::default(), configuration(public));
        Self { memories, transport: Arc::new(transport) }
    }
}

impl FromRef<State> for Gate {
    fn from_ref(state: &State) -> Self {
        state.memories.gate().clone()
    }
}

/// No sessions, JSON answers; only our own host (against DNS rebinding) and only known browser origins.
fn configuration(public: &PublicConfig) -> StreamableHttpServerConfig {
    let host = public.url.split_once("://").map_or(public.url.as_str(), |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let hostname = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let own_origin = match public.url.split_once("://") {
        Some((scheme, _)) if host.contains(':') => format!("{scheme}://{host}"),
        Some((scheme, _)) => format!("{scheme}://{host}:{}", if scheme == "https" { 443 } else { 80 }),
        None => public.url.clone(),
    };
    let loopback = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"].map(str::to_owned);
    let origins = public.allowed_origins.iter().cloned().chain([own_origin]).chain(loopback);
    StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_sse_keep_alive(None)
        .with_allowed_hosts([hostname, "localhost", "127.0.0.1", "::1"])
        .with_allowed_origins(origins)
}
