//! `/v1/contexts/`: saved sets of memories, their members and their shares.
//!
//! Memory requests with `scope: "context:ctx_…"` find what a context contains; a memory is
//! pinned by sharing it with a context.

use axum::extract::State;
use axum::response::IntoResponse;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use shared::Result;
use shared::access::{AuthContext, Gate, ScopeName};
use shared::http::{Idempotent, Json, Path, Query, refuse_key};
use shared::ids::{ContextId, LinkId, ShareId, UserId};
use shared::page::{List, Part};
use shared::sharing::contexts::{self, Context, ContextChange, NewContext};
use shared::sharing::links::{self, Link, NewLink};
use shared::sharing::{Share, ShareRequest, Subject, share};
use shared::tenancy::members::{self, Member, MemberChange, NewMember};

use crate::memory::link::Made;
use crate::memory::share::{Params, Revoked, status};

/// A member of a context.
#[derive(Debug, Deserialize)]
pub(crate) struct MemberAt {
    id: ContextId,
    user_id: UserId,
}

/// A share of a context.
#[derive(Debug, Deserialize)]
pub(crate) struct ShareAt {
    id: ContextId,
    share_id: ShareId,
}

/// A link to a context.
#[derive(Debug, Deserialize)]
pub(crate) struct LinkAt {
    id: ContextId,
    link_id: LinkId,
}

/// Returns the caller as somebody who also reads the context if it is shared with them.
async fn reaching(gate: &Gate, caller: AuthContext, id: ContextId) -> Result<AuthContext> {
    Ok(caller.reaching(&gate.db, [ScopeName::Context(id)]).await?)
}

pub(crate) async fn list(
    State(gate): State<Gate>,
    caller: AuthContext,
    Query(part): Query<Part>,
) -> Result<Json<List<Context>>> {
    let (cursor, limit) = part.read()?;
    contexts::list(&caller, &gate.db, cursor, limit).await.map(Json)
}

pub(crate) async fn create(
    State(gate): State<Gate>,
    caller: AuthContext,
    Idempotent { key, body }: Idempotent<NewContext>,
) -> Result<impl IntoResponse> {
    let made = contexts::create(&caller, &gate.db, body, key.as_ref()).await?;
    Ok((StatusCode::CREATED, made.map(Json)))
}

pub(crate) async fn get(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ContextId>,
) -> Result<Json<Context>> {
    let caller = reaching(&gate, caller, id).await?;
    contexts::lookup(&caller, &gate.db, id).await.map(Json)
}

pub(crate) async fn change(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ContextId>,
    Json(change): Json<ContextChange>,
) -> Result<Json<Context>> {
    let caller = reaching(&gate, caller, id).await?;
    contexts::change(&caller, &gate.db, id, change).await.map(Json)
}

pub(crate) async fn delete(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ContextId>,
) -> Result<StatusCode> {
    let caller = reaching(&gate, caller, id).await?;
    contexts::delete(&caller, &gate.db, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn members(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ContextId>,
    Query(part): Query<Part>,
) -> Result<Json<List<Member>>> {
    let caller = reaching(&gate, caller, id).await?;
    let (cursor, limit) = part.read()?;
    members::list(&caller, &gate.db, caller.context(id)?, cursor, limit).await.map(Json)
}

pub(crate) async fn add_member(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ContextId>,
    Idempotent { key, body }: Idempotent<NewMember>,
) -> Result<impl IntoResponse> {
    let caller = reaching(&gate, caller, id).await?;
    let member = contexts::add_member(&caller, &gate.db, id, body, key.as_ref()).await?;
    Ok((StatusCode::CREATED, member.map(Json)))
}

pub(crate) async fn change_member(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(at): Path<MemberAt>,
    Json(change): Json<MemberChange>,
) -> Result<Json<Member>> {
    let caller = reaching(&gate, caller, at.id).await?;
    members::change(&caller, &gate.db, caller.context(at.id)?, at.user_id, change.role).await.map(Json)
}

pub(crate) async fn remove_member(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(at): Path<MemberAt>,
) -> Result<StatusCode> {
    let caller = reaching(&gate, caller, at.id).await?;
    members::remove(&caller, &gate.db, caller.context(at.id)?, at.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn share(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ContextId>,
    Idempotent { key, body }: Idempotent<ShareRequest>,
) -> Result<impl IntoResponse> {
    let caller = reaching(&gate, caller, id).await?;
    let shared = share::share(&caller, &gate.db, Subject::Context(id), body, key.as_ref()).await?;
    Ok((status(&shared.value), shared.map(Json)))
}

pub(crate) async fn shares(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ContextId>,
    Query(params): Query<Params>,
) -> Result<Json<List<Share>>> {
    let caller = reaching(&gate, caller, id).await?;
    let (listing, cursor, limit) = params.read()?;
    share::list(&caller, &gate.db, Subject::Context(id), listing, cursor, limit).await.map(Json)
}

pub(crate) async fn unshare(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(at): Path<ShareAt>,
) -> Result<Json<Revoked>> {
    let caller = reaching(&gate, caller, at.id).await?;
    let ended = share::revoke(&caller, &gate.db, Subject::Context(at.id), at.share_id).await?;
    Ok(Json(Revoked { ended }))
}

pub(crate) async fn add_link(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ContextId>,
    headers: HeaderMap,
    Json(new): Json<NewLink>,
) -> Result<impl IntoResponse> {
    let caller = reaching(&gate, caller, id).await?;
    refuse_key(&headers)?;
    let link = links::create(&caller, &gate.db, Subject::Context(id), new).await?;
    Ok((StatusCode::CREATED, Json(Made::new(&gate, link))))
}

pub(crate) async fn links(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ContextId>,
    Query(part): Query<Part>,
) -> Result<Json<List<Link>>> {
    let caller = reaching(&gate, caller, id).await?;
    let (cursor, limit) = part.read()?;
    links::list(&caller, &gate.db, Subject::Context(id), cursor, limit).await.map(Json)
}

pub(crate) async fn remove_link(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(at): Path<LinkAt>,
) -> Result<StatusCode> {
    let caller = reaching(&gate, caller, at.id).await?;
    links::revoke(&caller, &gate.db, Subject::Context(at.id), at.link_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
