//! Prompt enhancement: `POST /enhance` puts what a person remembers in front of what they ask a language model.
//!
//! Translation only, around one call of [`shared::enhancement::enhance`]. Start reading at [`routes`].

use axum::Router;
use shared::http::Routes;
use shared::memory::Memories;

mod enhance;
mod view;

/// Every route of this function.
#[must_use]
pub fn routes() -> Routes<Memories> {
    Routes::default().post("/enhance", enhance::post)
}

/// The routes over these memories.
pub fn router(memories: Memories) -> Router {
    routes().into_router(memories)
}
