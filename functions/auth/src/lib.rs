//! The auth function: accounts of people and programs, sessions, API keys, the keys that verify access tokens, and the
//! authorization server through which people let applications act for them ([`oauth`]).
//!
//! One file per noun; `shared::identity` implements the operations. Every answer that holds a secret is `no-store`,
//! and its request must not have an `Idempotency-Key`, because answers to those are stored.

mod accounts;
mod api_keys;
mod applications;
mod identity_providers;
mod jwks;
mod oauth;
mod password_resets;
mod passwords;
mod service_accounts;
mod sessions;
mod signed_in;

use axum::Router;
use axum::extract::FromRef;
use shared::access::Gate;
use shared::config::PublicConfig;
use shared::http::{self, Routes};
use shared::identity::Identity;
use shared::identity::oauth::fetch::Fetcher;

/// The state that handlers share.
#[derive(Clone)]
pub struct State {
    identity: Identity,
}

impl State {
    /// Creates the state. Tokens are issued in the name of the gate's issuer.
    #[must_use]
    pub fn new(gate: Gate, public: &PublicConfig) -> Self {
        Identity::new(gate, Fetcher::new(public)).with_registration(public.registration).into()
    }
}

impl From<Identity> for State {
    fn from(identity: Identity) -> Self {
        Self { identity }
    }
}

impl FromRef<State> for Gate {
    fn from_ref(state: &State) -> Self {
        state.identity.gate().clone()
    }
}

impl FromRef<State> for Identity {
    fn from_ref(state: &State) -> Self {
        state.identity.clone()
    }
}

/// The routes of this function.
#[must_use]
pub fn routes() -> Routes<State> {
    Routes::default()
        .post("/v1/auth/register", accounts::register)
        .get("/v1/auth/me", accounts::me)
        .patch("/v1/auth/me", accounts::rename)
        .post("/v1/auth/password", passwords::change)
        .post("/v1/auth/password/reset", password_resets::redeem)
        .post("/v1/auth/login", sessions::login)
        .post("/v1/auth/refresh", sessions::refresh)
        .post("/v1/auth/logout", sessions::logout)
        .post("/v1/auth/logout-everywhere", sessions::logout_everywhere)
        .get("/v1/auth/sessions", sessions::list)
        .delete("/v1/auth/sessions/{id}", sessions::end)
        .post("/v1/api-keys", api_keys::create)
        .get("/v1/api-keys", api_keys::list)
        .delete("/v1/api-keys/{id}", api_keys::revoke)
        .post("/v1/api-keys/{id}/rotate", api_keys::rotate)
        .post("/v1/users/{id}/password-reset", password_resets::create)
        .get("/v1/users/{id}/sessions", sessions::list)
        .delete("/v1/users/{id}/sessions", sessions::end_all_of)
        .delete("/v1/users/{id}/sessions/{session_id}", sessions::end_of)
        .get("/v1/users/{id}/api-keys", api_keys::list_of_user)
        .delete("/v1/users/{id}/api-keys/{key_id}", api_keys::revoke_of_user)
        .get("/v1/enterprise/service-accounts", service_accounts::list)
        .post("/v1/enterprise/service-accounts", service_accounts::create)
        .get("/v1/organizations/{id}/service-accounts", service_accounts::list)
        .post("/v1/organizations/{id}/service-accounts", service_accounts::create)
        .get("/v1/service-accounts/{id}", service_accounts::show)
        .patch("/v1/service-accounts/{id}", service_accounts::change)
        .post("/v1/service-accounts/{id}/deactivate", service_accounts::deactivate)
        .post("/v1/service-accounts/{id}/reactivate", service_accounts::reactivate)
        .get("/v1/service-accounts/{id}/api-keys", api_keys::list)
        .post("/v1/service-accounts/{id}/api-keys", api_keys::create)
        .delete("/v1/service-accounts/{id}/api-keys/{key_id}", api_keys::revoke_of)
        .post("/v1/service-accounts/{id}/api-keys/{key_id}/rotate", api_keys::rotate_of)
        .get("/v1/auth/applications", applications::list)
        .delete("/v1/auth/applications/{id}", applications::revoke)
        .post("/v1/auth/identity-providers", identity_providers::trust)
        .get("/v1/auth/identity-providers", identity_providers::list)
        .delete("/v1/auth/identity-providers/{id}", identity_providers::distrust)
        .get("/v1/auth/identity-providers/{id}/applications", identity_providers::applications)
        .post("/v1/auth/identity-providers/{id}/applications", identity_providers::add_application)
        .delete(
            "/v1/auth/identity-providers/{id}/applications/{client}",
            identity_providers::remove_application,
        )
        .get("/oauth/authorize", oauth::authorize::authorize)
        .post("/oauth/login", oauth::login::login)
        .get("/oauth/consent", oauth::consent::show_again)
        .post("/oauth/consent", oauth::consent::decide)
        .get("/oauth/applications", oauth::applications::page)
        .post("/oauth/applications", oauth::applications::change)
        .post("/oauth/introspect", oauth::introspect::introspect)
        .post("/oauth/device_authorization", oauth::device::begin)
        .get("/oauth/device", oauth::device::page)
        .post("/oauth/device", oauth::device::find)
        .post("/oauth/device/decision", oauth::device::decide)
        .merge(for_pages())
}

/// Routes for applications that run in a browser, open to every origin: none of them uses a cookie.
fn for_pages() -> Routes<State> {
    Routes::default()
        .get("/.well-known/jwks.json", jwks::list)
        .get("/.well-known/oauth-authorization-server", oauth::metadata::authorization_server)
        .get("/.well-known/oauth-protected-resource", oauth::metadata::installation)
        .get("/.well-known/oauth-protected-resource/mcp", oauth::metadata::endpoint)
        .post("/oauth/token", oauth::token::issue)
        .post("/oauth/register", oauth::register::register)
        .post("/oauth/revoke", oauth::revoke::revoke)
        .open_to(http::every_page())
}

/// The function's router, without the layers of `http::service`.
pub fn router(state: State) -> Router {
    routes().into_router(state)
}
