//! `POST /v3/memories/`: lists memories, by page number as mem0's clients ask, or by cursor.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::access::AuthContext;
use shared::http::{Json, Query, require_room, room};
use shared::memory::{List, Listed, Memories, Memory, Part, ScopeParam};
use shared::page::{Cursor, QueryHash, either, limit, page_size};
use shared::{Error, Result};

use super::narrow::{Narrowed, narrow};
use super::selection::{Selection, TopLevelNames, beside};
use super::view::MemoryView;
use crate::page::{Numbered, PageParams};
use crate::timestamp::bound;

const PATH: &str = "/v3/memories/";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    page: Option<i64>,
    page_size: Option<i64>,
    /// Not part of mem0's API: where to continue; empty to begin. Pages by cursor do not shift when memories are
    /// added, and are not counted.
    cursor: Option<String>,
    /// Not part of mem0's API: `page_size` under the name that our other lists use.
    limit: Option<i64>,
    #[serde(rename = "org_id")]
    _org_id: Option<String>,
    #[serde(rename = "project_id")]
    _project_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    filters: Option<Value>,
    categories: Option<Vec<String>>,
    metadata: Option<Value>,
    start_date: Option<String>,
    end_date: Option<String>,
    keywords: Option<String>,
    fields: Option<Vec<String>>,
    #[serde(default)]
    latest_only: bool,
    #[serde(default)]
    show_expired: bool,
    page: Option<i64>,
    page_size: Option<i64>,
    /// Not part of mem0's API.
    scope: Option<ScopeParam>,
    user_id: Option<Value>,
    agent_id: Option<Value>,
    app_id: Option<Value>,
    run_id: Option<Value>,
    #[serde(rename = "enable_graph")]
    _enable_graph: Option<Value>,
    #[serde(rename = "output_format")]
    _output_format: Option<Value>,
    #[serde(rename = "version")]
    _version: Option<Value>,
    #[serde(rename = "org_id")]
    _org_id: Option<Value>,
    #[serde(rename = "project_id")]
    _project_id: Option<Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Page(Numbered<Narrowed<MemoryView>>),
    Part {
        results: Vec<Narrowed<MemoryView>>,
        /// The cursor of the next part; `None` at the end.
        next: Option<String>,
    },
}

pub(crate) async fn post(
    State(memories): State<Memories>,
    caller: AuthContext,
    Query(params): Query<Params>,
    Json(body): Json<Body>,
) -> Result<Json<Answer>> {
    let query = body.hash();
    let (size_name, part) = params.part(&body, &query)?;
    let fields = body.fields.clone();
    let list = body.read(part)?;
    let caller = memories.reaching(caller, &list.scopes, Some(&list.filter)).await?;
    let listed = memories.list(&caller, list).await?;
    Answer::new(&caller, (size_name, part), listed, &query, fields.as_deref()).map(Json)
}

impl Params {
    /// Returns the requested part of the list, from the query string or the body, and the name
    /// under which its size was given.
    fn part(&self, body: &Body, query: &QueryHash) -> Result<(&'static str, Part)> {
        let page = once("page", self.page, body.page)?;
        let (name, size) =
            either(["page_size", "limit"], [once("page_size", self.page_size, body.page_size)?, self.limit])?;
        if name == "limit" {
            limit(size)?;
        }
        let part = match (&self.cursor, page) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid("page", "give page or cursor, not both"));
            }
            (Some(cursor), None) => {
                let place = (!cursor.is_empty()).then(|| Cursor::decode(cursor, query)).transpose()?;
                Part::After(place, page_size(size)?)
            }
            (None, page) => Part::Page(PageParams { page, page_size: size }.read(100)?),
        };
        Ok((name, part))
    }
}

/// Returns a value that the query string and the body may both contain, but must not contradict.
fn once(field: &str, address: Option<i64>, body: Option<i64>) -> Result<Option<i64>> {
    match (address, body) {
        (Some(one), Some(other)) if one != other => {
            Err(Error::invalid(field, format!("is {one} in the address and {other} in the body")))
        }
        (address, body) => Ok(address.or(body)),
    }
}

impl Body {
    fn read(self, part: Part) -> Result<List> {
        TopLevelNames([&self.user_id, &self.agent_id, &self.app_id, &self.run_id]).refuse()?;
        let selection = Selection {
            filters: self.filters.as_ref(),
            categories: self.categories.as_deref(),
            metadata: self.metadata.as_ref(),
            scope: self.scope.as_ref(),
            show_expired: self.show_expired,
        };
        let (mut filter, scopes) = selection.read()?;
        for (field, operator, text) in
            [("start_date", "gte", &self.start_date), ("end_date", "lte", &self.end_date)]
        {
            if let Some(text) = text {
                let bound = bound(field, text)?;
                filter = filter.and(beside("created_at", &json!({ operator: bound }))?);
            }
        }
        if let Some(keywords) = self.keywords.filter(|keywords| !keywords.trim().is_empty()) {
            filter = filter.and(beside("keywords_search", &Value::from(keywords))?);
        }
        Ok(List { filter, scopes, latest_only: self.latest_only, part })
    }

    /// Hashes everything that selects memories: a cursor is valid only for the list that issued it.
    fn hash(&self) -> QueryHash {
        let selecting = json!([
            self.filters,
            self.categories,
            self.metadata,
            self.start_date,
            self.end_date,
            self.keywords,
            self.latest_only,
            format!("{:?}", self.scope),
        ]);
        QueryHash::of(&[PATH, &selecting.to_string()])
    }
}

impl Answer {
    fn new(
        caller: &AuthContext,
        (size_name, part): (&str, Part),
        listed: Listed,
        query: &QueryHash,
        fields: Option<&[String]>,
    ) -> Result<Self> {
        // Only cursors need it.
        let place = |memory: &Memory| Cursor { created_at: memory.created_at, id: memory.id.uuid() };
        let places: Vec<Cursor> = match part {
            Part::Page(_) => Vec::new(),
            Part::After(..) => listed.memories.iter().map(place).collect(),
        };
        let views = listed.memories.into_iter().map(|memory| MemoryView::new(caller, memory)).collect();
        let mut results = narrow(views, fields)?;
        Ok(match part {
            // Never truncated: a client that counts pages itself would never see what was left out.
            Part::Page(page) => {
                require_room(&results, size_name, "or go on by `cursor`, whose parts end early")?;
                Self::Page(Numbered::new(page, PATH, &[], listed.count.unwrap_or_default(), results))
            }
            Part::After(_, size) => {
                let kept = (size as usize).min(room(&results));
                let next = (kept < results.len()).then(|| places[kept - 1].encode(query));
                results.truncate(kept);
                Self::Part { results, next }
            }
        })
    }
}
