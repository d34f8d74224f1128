//! `/v1/users`: the accounts of the enterprise.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use shared::Result;
use shared::access::{AuthContext, Gate};
use shared::email::EmailAddress;
use shared::error::Error;
use shared::http::{Idempotent, Json, Path, Query};
use shared::identity::{self, LeftKey};
use shared::ids::UserId;
use shared::page::List;
use shared::page::Part;
use shared::tenancy::users::{self, Listing, MemoryHeir, Progress, Status, User, UserDetails};

/// `?status=&email=&cursor=&limit=`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    status: Option<Status>,
    email: Option<EmailAddress>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET /v1/users`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Query(params): Query<Params>,
) -> Result<Json<List<User>>> {
    let part = Part { cursor: params.cursor, limit: params.limit };
    let (cursor, limit) = part.read()?;
    let listing = Listing { status: params.status, email: params.email };
    users::list(&ctx, &gate.db, &listing, cursor, limit).await.map(Json)
}

/// `GET /v1/users/{id}`
pub(crate) async fn show(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
) -> Result<Json<UserDetails>> {
    users::lookup(&ctx, &gate.db, id).await.map(Json)
}

/// `POST /v1/users/{id}/deactivate`. Idempotent, with or without an `Idempotency-Key`.
pub(crate) async fn deactivate(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
) -> Result<Json<Deactivated>> {
    let service_account_keys = identity::deactivate_user(&gate, &ctx, id).await?;
    let account = users::lookup(&ctx, &gate.db, id).await?;
    Ok(Json(Deactivated { account, service_account_keys }))
}

/// The account, and the keys that the person may still have.
#[derive(Debug, Serialize)]
pub(crate) struct Deactivated {
    #[serde(flatten)]
    account: UserDetails,
    /// Active keys of service accounts that they created.
    service_account_keys: Vec<LeftKey>,
}

/// Takes exactly one of `user_id` and `scope`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reassign {
    user_id: Option<UserId>,
    scope: Option<String>,
}

/// `POST /v1/users/{id}/reassign-memories`: hands the memories of somebody who left to an heir. 202 while there is
/// more to hand over, with the URL that reports progress.
pub(crate) async fn reassign(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
    Idempotent { key, body }: Idempotent<Reassign>,
) -> Result<impl IntoResponse> {
    let heir = match (body.user_id, body.scope) {
        (Some(user), None) => MemoryHeir::Person(user),
        (None, Some(scope)) => {
            MemoryHeir::Scope(scope.parse().map_err(|message: String| Error::invalid("scope", message))?)
        }
        _ => return Err(Error::malformed("send either user_id or scope")),
    };
    let work = users::reassign(&ctx, &gate.db, id, heir, key.as_ref()).await?;
    let status = match work.value.status {
        Progress::Running => StatusCode::ACCEPTED,
        Progress::Done | Progress::Failed => StatusCode::OK,
    };
    let place = [(LOCATION, format!("/v1/reassignments/{}", work.value.id))];
    Ok((status, place, work.map(Json)))
}

/// `POST /v1/users/{id}/reactivate`. Idempotent, with or without an `Idempotency-Key`.
pub(crate) async fn reactivate(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Path(id): Path<UserId>,
) -> Result<Json<UserDetails>> {
    identity::reactivate_user(&gate, &ctx, id).await?;
    users::lookup(&ctx, &gate.db, id).await.map(Json)
}
