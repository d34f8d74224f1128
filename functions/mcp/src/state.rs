//! The state of the endpoint.

use std::sync::Arc;

use axum::extract::FromRef;
use shared::access::{Gate, MCP};
use shared::config::PublicConfig;
use shared::identity::signing_keys::SigningKeys;
use shared::memory::Memories;

use crate::origin::Origins;

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub struct State {
    /// Accepts tokens issued for this endpoint or for the whole installation.
    pub(crate) gate: Gate,
    pub(crate) memories: Memories,
    /// Seals the state that clients carry from one round of a request to the next.
    pub(crate) keys: SigningKeys,
    pub(crate) origins: Arc<Origins>,
    /// The public URL, base of every memory's address.
    pub(crate) url: Arc<str>,
}

impl State {
    /// `public` names the host and the browser origins that may call.
    #[must_use]
    pub fn new(memories: Memories, public: &PublicConfig) -> Self {
        Self {
            gate: memories.gate().before(MCP),
            keys: SigningKeys::new(memories.gate().clone()),
            origins: Arc::new(Origins::new(public)),
            url: public.url.as_str().into(),
            memories,
        }
    }
}

impl FromRef<State> for Gate {
    fn from_ref(state: &State) -> Self {
        state.gate.clone()
    }
}
