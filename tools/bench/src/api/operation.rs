//! The operations that are measured.

use std::fmt;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::Request;
use serde::Serialize;
use serde_json::{Value, json};

use super::drive::{Crowd, drive};
use crate::account::{self, Account};
use crate::client::{Client, get, post};
use crate::text::Writer;

const ADD: &str = "/v3/memories/add/";
const SEARCH: &str = "/v3/memories/search/";
const HIERARCHICAL: &str = "/v1/memories/hierarchical/";

/// Memories per request when filling the tenant.
const BATCH: usize = 20;
/// Concurrent requests when filling the tenant.
const FILLERS: u16 = 4;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operation {
    /// `GET /health`: HTTP without the database.
    Health,
    /// `GET /v1/ping/`: only looks up the caller.
    Ping,
    /// Searches ten memories for a question, in the fifth that is the caller's own.
    SearchPersonal,
    /// Searches ten memories for a question, in everything that the caller may read.
    SearchAll,
    /// Searches ten memories of each level for a question, in everything that the caller may read, with the reason.
    Hierarchical,
    /// Adds one memory verbatim.
    Add,
}

impl Operation {
    /// In the order of their turns; adding is last, because it changes the data of the others.
    pub(super) const ALL: [Self; 6] =
        [Self::Health, Self::Ping, Self::SearchPersonal, Self::SearchAll, Self::Hierarchical, Self::Add];

    /// The operations that are also measured with something left out.
    pub(super) const COMPARED: [Self; 3] = [Self::Ping, Self::SearchPersonal, Self::SearchAll];

    /// Text in every answer that shows that the work was done.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Health => "ok",
            Self::Ping => account::EMAIL,
            Self::SearchPersonal | Self::SearchAll | Self::Hierarchical | Self::Add => "mem_",
        }
    }

    /// The requests of one turn.
    pub(super) fn requests(self, writer: &mut Writer, turn: usize) -> Result<Vec<Request<Bytes>>> {
        let count = if self == Self::Add { turn.div_ceil(10) } else { turn };
        (0..count)
            .map(|_| match self {
                Self::Health => get("/health"),
                Self::Ping => get("/v1/ping/"),
                Self::SearchPersonal => search(writer, "personal"),
                Self::SearchAll => search(writer, "all"),
                Self::Hierarchical => {
                    post(HIERARCHICAL, &json!({ "query": writer.question(), "per_level": 10 }))
                }
                Self::Add => post(ADD, &add(&[writer.memory()], "personal")),
            })
            .collect()
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Health => "GET /health",
            Self::Ping => "GET /v1/ping/",
            Self::SearchPersonal => "search personal",
            Self::SearchAll => "search all",
            Self::Hierarchical => "level by level",
            Self::Add => "add",
        })
    }
}

/// Adds this many memories, and a few more in case some are duplicates: one in five to the caller's personal scope,
/// the others to the enterprise's.
pub(super) async fn fill(
    address: SocketAddr,
    api_key: &str,
    memories: usize,
    writer: &mut Writer,
) -> Result<()> {
    let crowd = Crowd::gather(address, api_key, FILLERS).await?;
    // Fewer than one text in a hundred repeats.
    let texts: Vec<String> = (0..memories + memories.div_ceil(100)).map(|_| writer.memory()).collect();
    let batches = texts.chunks(BATCH).enumerate();
    let requests = batches
        .map(|(number, batch)| {
            post(ADD, &add(batch, if number % 5 == 0 { "personal" } else { "enterprise" }))
        })
        .collect::<Result<Vec<_>>>()?;
    let sent = requests.len();
    let answered = drive(&crowd, requests, Operation::Add.expected()).await?.len();
    ensure!(answered == sent, "{answered} of {sent} requests were answered");
    Ok(())
}

/// Shares this many memories of another person with the caller, one by one.
pub(super) async fn share(
    address: SocketAddr,
    caller: &Account,
    memories: usize,
    writer: &mut Writer,
) -> Result<()> {
    let mut colleague = Client::connect(address).await?;
    colleague.authorize(&caller.colleague(address).await?.api_key);
    let with = json!({ "with": format!("person:{}", account::EMAIL) });
    for _ in 0..memories {
        let added = colleague.post(ADD, &add(&[writer.memory()], "personal")).await?;
        let id = added["results"][0]["id"].as_str().context("a memory has an id")?.to_owned();
        colleague.post(&format!("/v1/memories/{id}/shares/"), &with).await?;
    }
    Ok(())
}

fn search(writer: &mut Writer, scope: &str) -> Result<Request<Bytes>> {
    post(SEARCH, &json!({ "query": writer.question(), "top_k": 10, "scope": scope }))
}

fn add(texts: &[String], scope: &str) -> Value {
    let messages: Vec<_> = texts.iter().map(|text| json!({ "role": "user", "content": text })).collect();
    json!({ "messages": messages, "infer": false, "scope": scope })
}
