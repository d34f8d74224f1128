//! The caller as a handler's parameter: a handler that takes an [`AuthContext`] cannot be reached without one.

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use super::Request;
use crate::access::{AuthContext, Credential, Gate};
use crate::error::{Error, Result};

impl<S> FromRequestParts<S> for AuthContext
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let credential = Credential::from_headers(&parts.headers)?;
        let Request(request) = Request::from_request_parts(parts, state).await?;
        Gate::from_ref(state).authenticate(&credential, request).await
    }
}
