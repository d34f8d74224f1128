//! `POST /mcp`: the Model Context Protocol for AI tools, in both of its eras and without sessions.
//!
//! A request passes [`endpoint`] (who asks, and whether the body is JSON-RPC at all), then the official SDK (version
//! and header rules, routing), then [`server`], which lists the [`tools`] and calls them. Identity comes from the
//! credential, never from an argument. Resources, prompts and OAuth are not built yet.

mod endpoint;
mod envelope;
mod server;
mod state;
pub mod tools;

use axum::Router;
use shared::http::{Operation, Routes};

pub use state::State;

/// The routes of this function.
#[must_use]
pub fn routes() -> Routes<State> {
    Routes::default().post("/mcp", endpoint::post)
}

/// Every operation of this function.
#[must_use]
pub fn operations() -> Vec<Operation> {
    routes().operations().to_vec()
}

/// The function as a router.
pub fn router(state: State) -> Router {
    routes().into_router(state)
}
