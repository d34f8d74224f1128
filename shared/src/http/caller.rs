//! The caller as a handler parameter: a handler that takes an [`AuthContext`] cannot be reached without one.

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use super::Request;
use super::rates::Rates;
use super::resource::Resource;
use crate::access::{AuthContext, Credential, Gate, Proven, RequestInfo};
use crate::audit::refusal::Witness;
use crate::error::{Error, Result};
use crate::limits::{Limiter, Whose};
use crate::loopback;
use crate::memory::Memories;
use crate::telemetry;

/// Lets a router whose state is `Memories` authenticate callers.
impl FromRef<Memories> for Gate {
    fn from_ref(memories: &Memories) -> Self {
        memories.gate().clone()
    }
}

/// The credential that a request presents, which is verified once, and who it may stand for.
pub struct Presented {
    proven: Result<Proven>,
    request: RequestInfo,
    rates: Rates,
    gate: Gate,
}

impl Presented {
    /// Reads the credential from the headers and verifies what it proves by itself.
    ///
    /// # Errors
    /// If there is none.
    pub async fn of<S>(parts: &mut Parts, state: &S) -> Result<Self>
    where
        S: Send + Sync,
        Gate: FromRef<S>,
    {
        let gate = Gate::from_ref(state);
        if let Some(resource) = parts.extensions.get::<Resource>() {
            resource.is_protected(loopback::reached(gate.issuer(), &parts.headers));
        }
        let credential = Credential::from_headers(&parts.headers)?;
        let Request(request) = Request::from_request_parts(parts, state).await?;
        let rates = Rates::of(parts)?;
        let proven = gate.prove(&credential, &request).await;
        Ok(Self { proven, request, rates, gate })
    }

    /// Returns the presumed caller, if there is one, and spends their token for the rate limits.
    #[must_use]
    pub fn presume(&self, parts: &mut Parts) -> Option<Presumed> {
        let proven = self.proven.as_ref().ok()?;
        let limiter = self.rates.limiter();
        let (caller, standing, whose) = self.gate.presume(limiter, proven, self.request.clone())?;
        let token = (limiter.clone(), whose);
        self.rates.note(parts, standing);
        let witness = parts.extensions.get::<Witness>().cloned();
        Some(Presumed { caller, token, gate: self.gate.clone(), witness })
    }

    /// Authenticates the caller.
    ///
    /// # Errors
    /// If they are not let in, or not now.
    pub async fn admit(self, parts: &mut Parts) -> Result<AuthContext> {
        let Self { proven, request, rates, gate } = self;
        let (caller, standing, admitted) = gate.admit(rates.limiter(), proven, request).await?;
        if let Some(witness) = parts.extensions.get::<Witness>() {
            witness.see(&gate, &caller);
        }
        rates.note(parts, standing);
        admitted.map(|()| caller)
    }
}

/// A caller who is presumed to be let in, because this process asked about them a moment ago.
///
/// Whoever handles the request answers it for [`Self::caller`] and then asks whether they were [`Self::proven`] meanwhile.
/// If not, or if this is no request to presume anything for, the answer is [discarded](Self::discard) and the caller
/// [authenticated](Presented::admit).
pub struct Presumed {
    caller: AuthContext,
    /// Whose token was spent, and where.
    token: (Limiter, Whose),
    gate: Gate,
    witness: Option<Witness>,
}

impl Presumed {
    /// The caller.
    #[must_use]
    pub fn caller(&self) -> &AuthContext {
        &self.caller
    }

    /// Returns whether the answer may be given: a transaction of this request has checked that the caller is who they
    /// were, or the request starts over anyway because they are not.
    #[must_use]
    pub fn proven(&self) -> bool {
        let again = telemetry::has_lost_race();
        if again {
            self.give_back();
        }
        if self.caller.is_proven() {
            if let Some(witness) = &self.witness {
                witness.see(&self.gate, &self.caller);
            }
            return true;
        }
        again
    }

    /// Gives the token back: the request is counted when it is answered.
    fn give_back(&self) {
        let (limiter, whose) = &self.token;
        limiter.give_back(*whose);
    }

    /// Forgets what came of presuming: the caller's token is spent when they are authenticated, and what was refused
    /// meanwhile may have been refused because of what held before.
    pub fn discard(self) {
        self.give_back();
        telemetry::forget_failure();
        telemetry::forget_refusal();
    }
}

impl<S> FromRequestParts<S> for AuthContext
where
    S: Send + Sync,
    Gate: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        Presented::of(parts, state).await?.admit(parts).await
    }
}
