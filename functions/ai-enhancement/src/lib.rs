//! Prompt enhancement: `POST /enhance` puts what a person remembers in front of what they ask a language model.
//!
//! This crate only translates, around one call of [`shared::enhancement::enhance`]. Start reading at [`routes`].

use axum::Router;
use shared::http::Routes;
use shared::memory::Memories;

mod enhance;
mod view;

/// The routes of this function.
#[must_use]
pub fn routes() -> Routes<Memories> {
    Routes::default().post("/enhance", enhance::post)
}

/// The function's router over these memories.
pub fn router(memories: Memories) -> Router {
    routes().into_router(memories)
}
