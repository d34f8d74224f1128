//! `/v1/approvals/`: requests to approve a share, their decisions and their history.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use shared::access::{AuthContext, Gate};
use shared::http::{Idempotent, IdempotentEmpty, Json, Path, Query};
use shared::ids::{ApprovalId, MemoryId, UserId};
use shared::page::{self, List};
use shared::sharing::approvals::{self, Approval, Detail, Filter, Status};
use shared::{Error, Result};

/// `?status=&memory_id=&requested_by=&from=&to=&to_decide=&cursor=&limit=`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    status: Option<Status>,
    memory_id: Option<MemoryId>,
    requested_by: Option<UserId>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    #[serde(default)]
    to_decide: bool,
    cursor: Option<String>,
    limit: Option<i64>,
    /// `jsonl` or `csv`; only for exports.
    format: Option<String>,
}

/// The reason for a decision.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    reason: Option<String>,
}

impl Params {
    fn filter(&self) -> Filter {
        Filter {
            status: self.status,
            memory_id: self.memory_id,
            requested_by: self.requested_by,
            from: self.from,
            to: self.to,
            to_decide: self.to_decide,
        }
    }
}

pub(crate) async fn list(
    State(gate): State<Gate>,
    caller: AuthContext,
    Query(params): Query<Params>,
) -> Result<Json<List<Approval>>> {
    if params.format.is_some() {
        return Err(Error::invalid("format", "only exports have a format"));
    }
    let limit = page::limit(params.limit)?;
    approvals::list(&caller, &gate.db, &params.filter(), params.cursor.as_deref(), limit).await.map(Json)
}

pub(crate) async fn export(
    State(gate): State<Gate>,
    caller: AuthContext,
    Query(params): Query<Params>,
) -> Result<Response> {
    let csv = match params.format.as_deref() {
        None | Some("jsonl") => false,
        Some("csv") => true,
        Some(other) => {
            return Err(Error::invalid("format", format!("unknown format {other:?}, expected jsonl or csv")));
        }
    };
    let limit = page::limit(params.limit.or(Some(i64::from(page::MAX_PAGE_SIZE))))?;
    let part =
        approvals::export(&caller, &gate.db, &params.filter(), params.cursor.as_deref(), limit).await?;
    let (kind, body) = if csv {
        ("text/csv; charset=utf-8", approvals::csv(&part.results))
    } else {
        let lines = part.results.iter().map(|row| serde_json::to_string(row).map(|line| line + "\n"));
        ("application/x-ndjson", lines.collect::<Result<String, _>>().map_err(Error::internal)?)
    };
    // Where to continue, for histories longer than one answer.
    let mut response = ([(CONTENT_TYPE, kind)], body).into_response();
    if let Some(next) = part.next {
        let next = HeaderValue::from_str(&next).map_err(Error::internal)?;
        response.headers_mut().insert("x-next-cursor", next);
    }
    Ok(response)
}

pub(crate) async fn get(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ApprovalId>,
) -> Result<Json<Detail>> {
    approvals::lookup(&caller, &gate.db, id).await.map(Json)
}

pub(crate) async fn approve(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ApprovalId>,
    Idempotent { key, body }: Idempotent<Decision>,
) -> Result<impl IntoResponse> {
    let decided = approvals::approve(&caller, &gate.db, id, body.reason.as_deref(), key.as_ref()).await?;
    Ok(decided.map(Json))
}

pub(crate) async fn deny(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ApprovalId>,
    Idempotent { key, body }: Idempotent<Decision>,
) -> Result<impl IntoResponse> {
    let decided = approvals::deny(&caller, &gate.db, id, body.reason.as_deref(), key.as_ref()).await?;
    Ok(decided.map(Json))
}

pub(crate) async fn withdraw(
    State(gate): State<Gate>,
    caller: AuthContext,
    Path(id): Path<ApprovalId>,
    IdempotentEmpty(key): IdempotentEmpty,
) -> Result<impl IntoResponse> {
    Ok(approvals::withdraw(&caller, &gate.db, id, key.as_ref()).await?.map(Json))
}
