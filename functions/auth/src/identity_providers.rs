//! The identity providers that vouch for the people of the caller's enterprise.

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use shared::access::AuthContext;
use shared::error::Result;
use shared::http::{Json, Path};
use shared::identity::Identity;
use shared::identity::oauth::assertion::providers::{NewProvider, ProviderView};
use shared::ids::IdentityProviderId;

/// `POST /v1/auth/identity-providers`: trusts one.
pub(crate) async fn trust(
    State(identity): State<Identity>,
    caller: AuthContext,
    Json(body): Json<NewProvider>,
) -> Result<(StatusCode, Json<ProviderView>)> {
    identity.trust_provider(&caller, body).await.map(|view| (StatusCode::CREATED, Json(view)))
}

/// All of them: there are few.
#[derive(Serialize)]
pub(crate) struct Providers {
    results: Vec<ProviderView>,
}

/// `GET /v1/auth/identity-providers`
pub(crate) async fn list(State(identity): State<Identity>, caller: AuthContext) -> Result<Json<Providers>> {
    identity.providers(&caller).await.map(|results| Json(Providers { results }))
}

/// `DELETE /v1/auth/identity-providers/{id}`: trusts one no longer.
pub(crate) async fn distrust(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<IdentityProviderId>,
) -> Result<StatusCode> {
    identity.distrust_provider(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
