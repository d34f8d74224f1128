//! A router that records its routes, so that tests can call every one of them.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{Method, StatusCode};
use tower_http::cors::CorsLayer;

use super::service::not_taken;

/// One method on one path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// `GET`.
    pub method: &'static str,
    /// `/v1/memories/{id}/`.
    pub path: &'static str,
}

/// Routes under construction.
pub struct Routes<S> {
    router: Router<S>,
    operations: Vec<Operation>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self { router: Router::new(), operations: Vec::new() }
    }
}

macro_rules! methods {
    ($($name:ident, $method:ident, $filter:ident;)+) => {$(
        /// Adds a handler for this method on the path.
        #[must_use]
        pub fn $name<H: Handler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
            self.add(Method::$method, path, on(MethodFilter::$filter, handler))
        }
    )+};
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    methods! {
        get, GET, GET;
        post, POST, POST;
        put, PUT, PUT;
        patch, PATCH, PATCH;
        delete, DELETE, DELETE;
    }

    fn add(mut self, method: Method, path: &'static str, handler: MethodRouter<S, Infallible>) -> Self {
        let method = match method {
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "GET",
        };
        self.operations.push(Operation { method, path });
        self.route(path, &handler)
    }

    /// Routes a path in both spellings, with and without a trailing slash: people confuse them, and clients follow no
    /// redirect.
    fn route(mut self, path: &'static str, handler: &MethodRouter<S, Infallible>) -> Self {
        let other = match path.strip_suffix('/') {
            Some(without) => without.to_owned(),
            None => format!("{path}/"),
        };
        self.router = self.router.route(path, handler.clone()).route(&other, handler.clone());
        self
    }

    /// Merges another router, for example one with a tower service for one method of one path.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.operations.extend(other.operations);
        self.router = self.router.merge(other.router);
        self
    }

    /// Lets browsers give the responses of the routes added so far to pages of other origins, and answers preflight
    /// requests. Those are no operations: they carry no credential and change nothing. A method that a path does not take
    /// is refused within the layer, so that pages can read that, too: MCP clients try `GET` to find out whether there is
    /// a stream.
    #[must_use]
    pub fn open_to(mut self, pages: CorsLayer) -> Self {
        for path in self.operations.iter().map(|operation| operation.path).collect::<BTreeSet<_>>() {
            let options = on(MethodFilter::OPTIONS, async || StatusCode::NO_CONTENT);
            self = self.route(path, &options.fallback(not_taken));
        }
        self.router = self.router.layer(pages);
        self
    }

    /// Every operation, in the order of declaration.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Builds the axum router.
    pub fn into_router(self, state: S) -> Router {
        self.router.with_state(state)
    }
}
