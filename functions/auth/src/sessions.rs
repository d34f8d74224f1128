//! Logging in and out, and sessions.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use shared::access::AuthContext;
use shared::email::EmailAddress;
use shared::error::Result;
use shared::http::{Json, Path, Query, Unproven, refuse_key};
use shared::identity::Identity;
use shared::identity::passwords::Password;
use shared::identity::sessions::{SessionView, Sessions};
use shared::ids::{SessionId, UserId};
use shared::page::{self, List};

use crate::signed_in;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    email: EmailAddress,
    password: Password,
}

/// `POST /v1/auth/login`: starts a session with a password.
pub(crate) async fn login(
    State(identity): State<Identity>,
    Unproven(request): Unproven,
    headers: HeaderMap,
    Json(body): Json<Login>,
) -> Result<Response> {
    refuse_key(&headers)?;
    let signed_in = identity.login(&request, &body.email, &body.password).await?;
    Ok(signed_in::answer(StatusCode::OK, &signed_in))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    refresh_token: String,
}

/// `POST /v1/auth/refresh`: returns the next pair of tokens. Repeated within 30 s, it returns the same refresh token.
pub(crate) async fn refresh(
    State(identity): State<Identity>,
    Unproven(request): Unproven,
    headers: HeaderMap,
    Json(body): Json<Refresh>,
) -> Result<Response> {
    refuse_key(&headers)?;
    let signed_in = identity.refresh(&request, SecretString::from(body.refresh_token)).await?;
    Ok(signed_in::answer(StatusCode::OK, &signed_in))
}

/// `POST /v1/auth/logout`: ends this session.
pub(crate) async fn logout(State(identity): State<Identity>, caller: AuthContext) -> Result<StatusCode> {
    identity.logout(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/auth/logout-everywhere`: ends all sessions of the caller.
pub(crate) async fn logout_everywhere(
    State(identity): State<Identity>,
    caller: AuthContext,
) -> Result<StatusCode> {
    identity.end_sessions(&caller, Sessions::Own).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListSessions {
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `/v1/auth/sessions` or `/v1/users/{id}/sessions`.
#[derive(Deserialize)]
pub(crate) struct SessionsAt {
    id: Option<UserId>,
}

impl SessionsAt {
    fn whose(&self) -> Sessions {
        self.id.map_or(Sessions::Own, Sessions::Of)
    }
}

/// `GET …/sessions`: lists the caller's sessions, or those of somebody whom the caller administers.
pub(crate) async fn list(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(at): Path<SessionsAt>,
    Query(query): Query<ListSessions>,
) -> Result<Json<List<SessionView>>> {
    let limit = page::limit(query.limit)?;
    identity.sessions(&caller, at.whose(), query.cursor.as_deref(), limit).await.map(Json)
}

/// `DELETE /v1/auth/sessions/{id}`: ends one session.
pub(crate) async fn end(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<SessionId>,
) -> Result<StatusCode> {
    identity.end_session(&caller, Sessions::Own, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/users/{id}/sessions`: ends all sessions of somebody.
pub(crate) async fn end_all_of(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(id): Path<UserId>,
) -> Result<StatusCode> {
    identity.end_sessions(&caller, Sessions::Of(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `/v1/users/{id}/sessions/{session_id}`
#[derive(Deserialize)]
pub(crate) struct UserSession {
    id: UserId,
    session_id: SessionId,
}

/// `DELETE /v1/users/{id}/sessions/{session_id}`: ends one session of somebody.
pub(crate) async fn end_of(
    State(identity): State<Identity>,
    caller: AuthContext,
    Path(UserSession { id, session_id }): Path<UserSession>,
) -> Result<StatusCode> {
    identity.end_session(&caller, Sessions::Of(id), session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
