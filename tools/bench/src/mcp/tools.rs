//! The tools that both servers have, and the requests.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::Request;
use serde::Serialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::cold_start::request::tool_call;
use crate::text::Writer;

/// The number of different questions.
pub(super) const QUESTIONS: usize = 50;
/// Memories per request when adding.
const BATCH: usize = 20;

/// A tool that both servers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tool {
    /// Searches ten memories for a question.
    SearchMemories,
    /// Reads one memory by its id.
    GetMemory,
}

impl Tool {
    pub(super) const ALL: [Self; 2] = [Self::SearchMemories, Self::GetMemory];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SearchMemories => "search_memories",
            Self::GetMemory => "get_memory",
        }
    }

    /// Text in every answer that shows that the work was done.
    pub(super) fn expected(self) -> &'static str {
        // It also occurs inside of a text block, but there with a backslash before the quotes.
        "\"structuredContent\":{"
    }

    /// Returns different requests, to be sent in turns.
    pub(super) fn requests(self, ids: &[String]) -> Result<Vec<Request<Bytes>>> {
        let call = |arguments: Value| tool_call(self.name(), &arguments);
        match self {
            Self::SearchMemories => {
                questions().into_iter().map(|query| call(json!({ "query": query }))).collect()
            }
            Self::GetMemory => ids.iter().map(|id| call(json!({ "memory_id": id }))).collect(),
        }
    }
}

/// Returns the questions, which are always the same.
pub(super) fn questions() -> Vec<String> {
    let mut writer = Writer::seeded(2);
    (0..QUESTIONS).map(|_| writer.question()).collect()
}

/// Adds this many memories to the caller's personal scope; returns their ids.
pub(super) async fn remember(address: SocketAddr, api_key: &str, memories: u32) -> Result<Vec<String>> {
    let mut client = Client::connect(address).await?;
    client.authorize(api_key);
    let mut writer = Writer::seeded(1);
    let texts: Vec<String> = (0..memories).map(|_| writer.memory()).collect();
    let mut ids = Vec::new();
    for batch in texts.chunks(BATCH) {
        let messages: Vec<_> = batch.iter().map(|text| json!({ "role": "user", "content": text })).collect();
        let added =
            client.post("/v3/memories/add/", &json!({ "messages": messages, "infer": false })).await?;
        let results = added["results"].as_array().context("nothing was added")?;
        ids.extend(results.iter().filter_map(|result| result["id"].as_str()).map(str::to_owned));
    }
    ensure!(ids.len() * 10 > texts.len() * 9, "only {} of {memories} were added", ids.len());
    Ok(ids)
}
