//! The identity providers that vouch for the people of the caller's enterprise, and the applications that may present
//! their assertions.

use axum::extract::State;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use shared::access::AuthContext;
use shared::error::Result;
use shared::http::{Json, Path, Query};
use shared::identity::Identity;
use shared::identity::oauth::assertion::applications::NewApplication;
use shared::identity::oauth::assertion::providers::{NewProvider, ProviderView};
use shared::identity::oauth::clients::RegisteredApplication;
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

/// A new application, with the secret that only this response shows.
#[derive(Serialize)]
pub(crate) struct Added {
    #[serde(flatten)]
    application: RegisteredApplication,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

/// `POST /v1/auth/identity-providers/{id}/applications`: registers an application.
pub(crate) async fn add_application(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<IdentityProviderId>,
    Json(body): Json<NewApplication>,
) -> Result<(StatusCode, Json<Added>)> {
    let (application, secret) = identity.add_application(&caller, id, body).await?;
    let client_secret = secret.map(|secret| secret.expose_secret().to_owned());
    Ok((StatusCode::CREATED, Json(Added { application, client_secret })))
}

/// `GET /v1/auth/identity-providers/{id}/applications`
pub(crate) async fn applications(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<IdentityProviderId>,
    Query(part): Query<Part>,
) -> Result<Json<List<RegisteredApplication>>> {
    let (cursor, limit) = part.read()?;
    identity.applications_of(&caller, id, cursor, limit).await.map(Json)
}

#[derive(Deserialize)]
pub(crate) struct Application {
    id: IdentityProviderId,
    client: String,
}

/// `DELETE /v1/auth/identity-providers/{id}/applications/{client}`
pub(crate) async fn remove_application(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(Application { id, client }): Path<Application>,
) -> Result<StatusCode> {
    identity.remove_application(&caller, id, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}
