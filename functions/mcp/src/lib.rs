//! `POST /mcp`: the Model Context Protocol for AI tools, in both of its eras and without sessions.
//!
//! A request passes [`endpoint`] (origin, caller, and whether the body is one JSON-RPC message), then [`era`] (the
//! protocol version, and whether the headers agree with the body), then [`methods`], which finds the target among
//! [`tools`], [`resources`] and [`prompts`]. [`reply`] turns the outcome into HTTP. Identity comes from the
//! credential, never from an argument.
//!
//! The protocol is implemented here instead of taken from an SDK: without sessions it is small, we choose every status
//! and code, and a request that its client abandons is dropped together with its database work.

mod challenge;
mod completion;
mod confirmation;
mod cursor;
#[cfg(feature = "diagnostics")]
mod diagnostics;
mod discovery;
mod endpoint;
mod era;
mod exchange;
mod fault;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod headers;
mod json;
mod message;
mod methods;
mod notices;
mod origin;
mod prompts;
mod reply;
mod resources;
mod state;
pub mod tools;

use std::sync::Arc;

use axum::Router;
use shared::http::{self, Operation, Routes};

pub use prompts::{Prompt, all as all_prompts};
pub use resources::TEMPLATES;
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

/// The function as a router. CORS allows the same origins that the endpoint accepts.
pub fn router(state: State) -> Router {
    let origins = Arc::clone(&state.origins);
    routes().open_to(http::pages_of(move |origin| origins.knows(origin))).into_router(state)
}
