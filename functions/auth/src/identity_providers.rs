//! The identity providers that vouch for the people of the caller's enterprise.

use axum::extract::State;
use http::StatusCode;
use shared::access::AuthContext;
use shared::error::Result;
use shared::http::{Json, Path, Query};
use shared::identity::Identity;
use shared::identity::oauth::assertion::providers::{NewProvider, ProviderView};
use shared::ids::IdentityProviderId;
use shared::page::Part;
use shared::page::{self, List};

/// `POST /v1/auth/identity-providers`: trusts a provider.
pub(crate) async fn trust(
    State(identity): State<Identity>,
    caller: AuthContext,
    Json(body): Json<NewProvider>,
) -> Result<(StatusCode, Json<ProviderView>)> {
    identity.trust_provider(&caller, body).await.map(|view| (StatusCode::CREATED, Json(view)))
}

/// `GET /v1/auth/identity-providers`
pub(crate) async fn list(
    State(identity): State<Identity>,
    caller: AuthContext,
    Query(part): Query<Part>,
) -> Result<Json<List<ProviderView>>> {
    let limit = page::limit(part.limit)?;
    identity.providers(&caller, part.cursor.as_deref(), limit).await.map(Json)
}

/// `DELETE /v1/auth/identity-providers/{id}`: stops trusting a provider.
pub(crate) async fn distrust(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<IdentityProviderId>,
) -> Result<StatusCode> {
    identity.distrust_provider(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
