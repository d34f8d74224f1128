//! Rate limits in HTTP headers: `RateLimit-Policy` and `RateLimit` as in the IETF draft
//! (draft-ietf-httpapi-ratelimit-headers); `RateLimit-Limit`, `-Remaining` and `-Reset` of its earlier versions, which
//! most clients know; and the same with the prefix `X-`, which mem0's clients pass on. Also the extractor for requests
//! that are limited by their address alone.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use super::Request;
use crate::access::{Gate, RequestInfo};
use crate::error::{Error, Result};
use crate::limits::{Limiter, Standing};

/// The rate-limit standing of a request's caller, once it is known; all clones share it.
#[derive(Clone)]
pub(super) struct Rates {
    limiter: Limiter,
    standing: Arc<Mutex<Standing>>,
}

/// The maximum body size that the caller's plan allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimit(pub(super) usize);

/// The most that the installation reads of a body, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct InstallationLimit(pub(super) usize);

/// Returns the maximum body size that the caller's plan allows, once it is known; for routers that read bodies
/// themselves.
#[must_use]
pub fn body_limit(parts: &Parts) -> Option<usize> {
    parts.extensions.get::<BodyLimit>().map(|limit| limit.0)
}

/// An unauthenticated request, admitted by the address that it comes from.
#[derive(Debug, Clone)]
pub struct Unproven(pub RequestInfo);

impl<S> FromRequestParts<S> for Unproven
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Request(request) = Request::from_request_parts(parts, state).await?;
        let gate = Gate::from_ref(state);
        let rates = Rates::of(parts)?;
        let (standing, admitted) = rates.limiter.admit_address(&gate.db, &request).await;
        rates.note(parts, standing);
        admitted.map(|()| Self(request))
    }
}

impl Rates {
    pub(super) fn new(limiter: Limiter) -> Self {
        Self { limiter, standing: Arc::default() }
    }

    /// Returns the rates of a request, put there by `http::service`.
    pub(super) fn of(parts: &Parts) -> Result<Self> {
        let rates = parts.extensions.get::<Self>().cloned();
        rates.ok_or_else(|| Error::internal("the router is not wrapped by http::service"))
    }

    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// Stores the standing of the caller of this request.
    pub(super) fn note(&self, parts: &mut Parts, standing: Standing) {
        if let Some(bytes) = standing.body_bytes {
            parts.extensions.insert(BodyLimit(bytes));
        }
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    /// Writes the headers.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let standing = std::mem::take(&mut *self.standing.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(tightest) = standing.tightest() else { return };
        let policy = standing.limits.iter().fold(String::new(), |mut text, limit| {
            let comma = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{comma}\"{}\";q={};w=60", limit.name, limit.quota);
            text
        });
        let (remaining, reset) = (tightest.remaining.max(0.0) as u64, tightest.reset().as_secs());
        let told = [
            ("ratelimit-policy", policy),
            ("ratelimit", format!("\"{}\";r={remaining};t={reset}", tightest.name)),
            ("ratelimit-limit", tightest.quota.to_string()),
            ("ratelimit-remaining", remaining.to_string()),
            ("ratelimit-reset", reset.to_string()),
            ("x-ratelimit-limit", tightest.quota.to_string()),
            ("x-ratelimit-remaining", remaining.to_string()),
            ("x-ratelimit-reset", reset.to_string()),
        ];
        for (name, value) in told {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}
