//! The caller as a handler parameter: a handler that takes an [`AuthContext`] cannot be reached without one.

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use super::Request;
use super::rates::Rates;
use super::resource::Resource;
use crate::access::{AuthContext, Credential, Gate};
use crate::audit::refusal::Witness;
use crate::error::{Error, Result};
use crate::memory::Memories;

/// Lets a router whose state is `Memories` authenticate callers.
impl FromRef<Memories> for Gate {
    fn from_ref(memories: &Memories) -> Self {
        memories.gate().clone()
    }
}

impl<S> FromRequestParts<S> for AuthContext
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let gate = Gate::from_ref(state);
        if let Some(resource) = parts.extensions.get::<Resource>() {
            resource.is_protected(gate.issuer());
        }
        let credential = Credential::from_headers(&parts.headers)?;
        let Request(request) = Request::from_request_parts(parts, state).await?;
        let rates = Rates::of(parts)?;
        let (caller, standing, admitted) = gate.admit(rates.limiter(), &credential, request).await?;
        if let Some(witness) = parts.extensions.get::<Witness>() {
            witness.see(&gate, &caller);
        }
        rates.note(parts, standing);
        admitted.map(|()| caller)
    }
}
