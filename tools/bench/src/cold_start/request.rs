//! The requests to each function: they authenticate and make the function's own real query.

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};

use crate::account::{self, Account};
use crate::client::{get, post};
use crate::text::Writer;

/// The requests to one function. The first is that of the cold start.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// A title for people: `GET /v1/auth/me`.
    pub(crate) title: &'static str,
    pub(crate) requests: Vec<Work>,
    /// Text from the database that every answer contains.
    expected: &'static str,
}

/// One invocation.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// An HTTP request through the gateway.
    Http(Box<Request<Bytes>>),
    /// An event of any other kind.
    Event(Bytes),
}

/// The prefix of a memory's id.
const MEMORY: &str = "mem_";

/// The number of different questions.
const QUESTIONS: usize = 20;

impl Asked {
    /// Returns the requests to the function of this name, or `None` if none are defined here.
    pub(super) fn of(function: &str, account: &Account) -> Result<Option<Self>> {
        let mut writer = Writer::seeded(2);
        let mut questions = || (0..QUESTIONS).map(|_| writer.question()).collect::<Vec<_>>();
        let (title, expected, requests) = match function {
            "c" => ("GET /", "hello", vec![get("/")?]),
            "hello_connect" => ("GET /", "connected: true", vec![get("/")?]),
            "hello" => ("GET /", "GET", vec![get("/")?]),
            "auth" => ("GET /v1/auth/me", account::EMAIL, vec![get("/v1/auth/me")?]),
            "admin" => ("GET /v1/enterprise", account::ENTERPRISE, vec![get("/v1/enterprise")?]),
            "memories" => {
                let path = "/v3/memories/search/";
                let search = |query| post(path, &json!({ "query": query, "top_k": 10 }));
                (
                    "POST /v3/memories/search/",
                    MEMORY,
                    questions().into_iter().map(search).collect::<Result<_>>()?,
                )
            }
            "ai-enhancement" => {
                let enhance = |prompt| post("/enhance", &json!({ "prompt": prompt, "threshold": 0.1 }));
                ("POST /enhance", MEMORY, questions().into_iter().map(enhance).collect::<Result<_>>()?)
            }
            "mcp" => (
                "POST /mcp search_memories",
                MEMORY,
                questions()
                    .iter()
                    .map(|query| tool_call("search_memories", &json!({ "query": query })))
                    .collect::<Result<_>>()?,
            ),
            "migrate" => {
                let event = Work::Event(Bytes::from_static(b"{}"));
                let (title, expected) = ("its event, nothing to apply", "\"applied\":[]");
                return Ok(Some(Self { title, expected, requests: vec![event] }));
            }
            "worker" => {
                let event = Work::Event(Bytes::from_static(br#"{"job":"outbox.deliver"}"#));
                let (title, expected) = ("its schedule, nothing to deliver", "\"outbox.deliver\":0");
                return Ok(Some(Self { title, expected, requests: vec![event] }));
            }
            _ => return Ok(None),
        };
        // An account's own routes need a session; the others also accept keys.
        let credential = if function == "auth" { &account.access_token } else { &account.api_key };
        let credential: header::HeaderValue = format!("Bearer {credential}").parse()?;
        let requests = requests.into_iter().map(|mut request| {
            request.headers_mut().insert(header::AUTHORIZATION, credential.clone());
            Work::Http(Box::new(request))
        });
        Ok(Some(Self { title, expected, requests: requests.collect() }))
    }

    /// Fails unless an answer shows that the work was done: refusals are quick.
    pub(super) fn check(&self, answer: &Bytes) -> Result<()> {
        let answer = String::from_utf8_lossy(answer);
        ensure!(answer.contains(self.expected), "{} answered {answer}", self.title);
        Ok(())
    }
}

/// `tools/call` without a session, MCP 2026-07-28.
pub(crate) fn tool_call(tool: &str, arguments: &Value) -> Result<Request<Bytes>> {
    const VERSION: &str = "2026-07-28";
    let body = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": tool,
            "arguments": arguments,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": VERSION,
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "1" },
            },
        },
    });
    let mut request = post("/mcp", &body)?;
    let headers = [
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", VERSION),
        ("mcp-method", "tools/call"),
        ("mcp-name", tool),
    ];
    for (name, value) in headers {
        request.headers_mut().insert(name, value.parse()?);
    }
    Ok(request)
}
