//! Prompt enhancement: `POST /enhance` puts what a person remembers in front of what they ask a language model.
//!
//! Translation only, around one call of [`shared::enhancement::enhance`]. Start reading at [`routes`].

use axum::Router;
use axum::extract::FromRef;
use shared::access::Gate;
use shared::http::Routes;
use shared::memory::Memories;

mod enhance;
mod view;

/// What the handlers share.
#[derive(Clone)]
pub struct State {
    memories: Memories,
}

impl State {
    /// Enhances with these memories.
    #[must_use]
    pub fn new(memories: Memories) -> Self {
        Self { memories }
    }
}

impl FromRef<State> for Gate {
    fn from_ref(state: &State) -> Self {
        state.memories.gate().clone()
    }
}

impl FromRef<State> for Memories {
    fn from_ref(state: &State) -> Self {
        state.memories.clone()
    }
}

/// Every route of this function.
#[must_use]
pub fn routes() -> Routes<State> {
    Routes::default().post("/enhance", enhance::post)
}

/// The routes with their state.
pub fn router(state: State) -> Router {
    routes().into_router(state)
}
