//! `/v1/audit`: the audit log, for owners and for their keys, which can be limited to it.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use shared::access::{AuthContext, Gate};
use shared::audit::chain::{self, Head, Verification, Verify};
use shared::audit::place::Place;
use shared::audit::query::{self, Filter, Outcome, Record};
use shared::audit::settings::{self, NewSettings, Settings};
use shared::http::{Json, Query};
use shared::ids::{MemoryId, RequestId, UserId};
use shared::page::List;
use shared::page::Part;
use shared::{Error, Result};

/// `?from=&to=&actor=&action=&target=&memory=&outcome=&tag=&request=&scope=&after_seq=&cursor=&limit=`, and `format=`
/// for exports.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    actor: Option<UserId>,
    action: Option<String>,
    target: Option<String>,
    memory: Option<MemoryId>,
    outcome: Option<Outcome>,
    tag: Option<String>,
    request: Option<RequestId>,
    scope: Option<Place>,
    after_seq: Option<i64>,
    cursor: Option<String>,
    limit: Option<i64>,
    format: Option<Format>,
}

/// The format of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// JSON lines.
    #[default]
    Jsonl,
    /// RFC 4180.
    Csv,
}

impl Params {
    fn read(self) -> (Filter, Part, Option<Format>) {
        let filter = Filter {
            from: self.from,
            to: self.to,
            actor: self.actor,
            action: self.action,
            target: self.target,
            memory: self.memory,
            outcome: self.outcome,
            tag: self.tag,
            request: self.request,
            scope: self.scope,
            after_seq: self.after_seq,
        };
        (filter, Part { cursor: self.cursor, limit: self.limit }, self.format)
    }
}

/// `GET /v1/audit`
pub(crate) async fn list(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Query(params): Query<Params>,
) -> Result<Json<List<Record>>> {
    let (filter, part, format) = params.read();
    if format.is_some() {
        return Err(Error::invalid("format", "only exports have a format, see /v1/audit/export"));
    }
    let (cursor, limit) = part.read()?;
    query::list(&ctx, &gate.db, &filter, cursor, limit).await.map(Json)
}

/// `GET /v1/audit/export`: exports a part of the log as a file; the header `X-Next-Cursor`
/// says where the next part begins.
pub(crate) async fn export(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Query(params): Query<Params>,
) -> Result<Response> {
    let (filter, part, format) = params.read();
    let (cursor, limit) = part.read()?;
    let exported = query::export(&ctx, &gate.db, &filter, cursor, limit).await?;
    let (text, kind, name) = match format.unwrap_or_default() {
        Format::Jsonl => (query::json_lines(&exported.results)?, "application/x-ndjson", "audit.jsonl"),
        Format::Csv => (query::csv(&exported.results), "text/csv; charset=utf-8", "audit.csv"),
    };
    let disposition = format!("attachment; filename=\"{name}\"");
    let mut response = ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, &disposition)], text).into_response();
    if let Some(next) = exported.next {
        let next = HeaderValue::from_str(&next).map_err(Error::internal)?;
        response.headers_mut().insert("x-next-cursor", next);
    }
    Ok(response)
}

/// `GET /v1/audit/anchor`
pub(crate) async fn anchor(ctx: AuthContext, State(gate): State<Gate>) -> Result<Json<Head>> {
    chain::head(&ctx, &gate.db).await.map(Json)
}

/// `POST /v1/audit/verify`
pub(crate) async fn verify(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Json(asked): Json<Verify>,
) -> Result<Json<Verification>> {
    chain::verify(&ctx, &gate.db, asked).await.map(Json)
}

/// `GET /v1/audit/settings`
pub(crate) async fn settings(ctx: AuthContext, State(gate): State<Gate>) -> Result<Json<Settings>> {
    settings::lookup(&ctx, &gate.db).await.map(Json)
}

/// `PUT /v1/audit/settings`
pub(crate) async fn configure(
    ctx: AuthContext,
    State(gate): State<Gate>,
    Json(new): Json<NewSettings>,
) -> Result<Json<Settings>> {
    settings::replace(&ctx, &gate.db, new).await.map(Json)
}
