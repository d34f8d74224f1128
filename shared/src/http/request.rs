//! What handlers learn about the request besides path, query and body.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::access::RequestInfo;
use crate::error::{Error, Result};

/// The request's id, time and origin, inserted by `http::service`.
#[derive(Debug, Clone)]
pub struct Request(pub RequestInfo);

impl<S: Send + Sync> FromRequestParts<S> for Request {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts
            .extensions
            .get::<RequestInfo>()
            .cloned()
            .map(Self)
            .ok_or_else(|| Error::internal("the router is not wrapped by http::service"))
    }
}
