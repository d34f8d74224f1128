//! Authority: who the caller is, what they may see, and the only ways to reach the database.
//!
//! [`Gate::authenticate`] turns a credential into an [`AuthContext`]; [`AuthContext::authorize`] decides whether the
//! caller may do something, by one exhaustive match in [`policy`]; [`AuthContext::begin`] opens a transaction that
//! row-level security binds to what the caller may see. Work that precedes authentication, such as signing in, begins
//! with [`Gate::sign_in`] and cannot reach any memory.
//!
//! Not here: issuing tokens and keys (`identity`), and changing the tree or its members (`tenancy`).

mod api_key;
mod classification;
mod context;
mod credential;
mod gate;
mod known;
pub mod policy;
mod presumption;
mod promise;
mod proof;
mod refused;
mod request;
mod scope;
mod scopes;
mod shared_contexts;
mod simulation;
pub(crate) mod token;
mod transaction;

pub use api_key::{ApiKeyVerb, SecretHash};
pub use classification::{Audience, Classification};
pub use context::{Application, AuthContext, Method};
pub use credential::Credential;
pub(crate) use gate::PRINCIPAL;
pub use gate::{Gate, MCP};
pub use policy::Action;
pub(crate) use presumption::{AuditPolicy, KnownBinding};
pub use promise::Promiser;
pub(crate) use proof::{Proof, Proven};
pub(crate) use refused::Refused;
pub use request::RequestInfo;
pub use scope::{ReadableScope, Role, ScopeKind, ScopeName, SearchTier, in_words};
pub use shared_contexts::Lending;
pub use simulation::Simulation;
pub use token::{AccessClaims, TokenVerifier};
pub use transaction::{IdentityTx, PendingTx, TenantTx, UpkeepTx};
