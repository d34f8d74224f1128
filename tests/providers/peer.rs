//! The other side: answers in OpenAI's and in Bedrock's format, or misbehaves as told.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::serve::Listener;
use axum::{Json, Router};
use bytes::Bytes;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use shared::embedding::StaticEmbedder;

/// How to answer.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// As it should be.
    Vectors,
    /// As it may be: the last text's vector first.
    Backwards,
    /// Each number written like this: `NaN`, `null`, `1e300`, `0`.
    Numbers(&'static str),
    /// Vectors of this length.
    Length(usize),
    /// One vector too few.
    OneMissing,
    /// Every vector with index 0.
    OneIndex,
    /// Something that is no JSON, and quotes what was asked.
    Echo,
    /// A status, and when to come back.
    Status(u16, Option<&'static str>),
    /// To somewhere else.
    Redirect(String),
    /// After a while.
    After(Duration),
    /// The beginning of an answer, and nothing more.
    Stall,
}

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) at: Instant,
}

impl Seen {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The texts of a request.
    pub(super) fn texts(&self) -> Vec<String> {
        let asked = self.json();
        let texts = asked["input"].as_array().cloned().unwrap_or_else(|| vec![asked["inputText"].clone()]);
        texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }
}

/// A running server.
pub(super) struct Peer {
    pub(super) url: String,
    script: Arc<Script>,
}

#[derive(Default)]
struct Script {
    next: Mutex<VecDeque<Reply>>,
    otherwise: Mutex<Option<Reply>>,
    seen: Mutex<Vec<Seen>>,
}

impl Peer {
    /// Answers well, until told otherwise.
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self::on(listener, url)
    }

    /// Likewise, where it is told.
    pub(super) fn on(listener: impl Listener<Io: Unpin, Addr: Debug>, url: String) -> Self {
        let script = Arc::<Script>::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    /// Nobody at all.
    pub(super) fn nowhere(url: String) -> Self {
        Self { url, script: Arc::default() }
    }

    /// The next answers; afterwards as before.
    pub(super) fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.next.lock().unwrap().extend(replies);
    }

    /// All further answers.
    pub(super) fn always(&self, reply: Reply) {
        *self.script.otherwise.lock().unwrap() = Some(reply);
    }

    /// What was asked since this was last called.
    pub(super) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.script.seen.lock().unwrap())
    }
}

/// The vector that this peer has for a text. In the space of the model `swapped`, tea lies where rockets lie elsewhere.
pub(super) fn vector(model: &str, text: &str) -> Vec<f32> {
    let text = match model {
        "swapped" => text.replace("tea", "\0").replace("rocket", "tea").replace('\0', "rocket"),
        _ => text.to_owned(),
    };
    StaticEmbedder::new().embed_one(&text).as_slice().to_vec()
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = head.uri.path().to_owned();
    let seen = Seen { path: path.clone(), headers: head.headers, body, at: Instant::now() };
    script.seen.lock().unwrap().push(seen.clone());
    if path == "/credentials" {
        return Json(json!({
            "AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "of the container", "Token": "session",
            "Expiration": "2099-01-01T00:00:00Z", "RoleArn": "arn:aws:iam::1:role/test",
        }))
        .into_response();
    }
    let asked = seen.json();
    let texts = seen.texts();
    // As OpenAI does with a text that it does not take: the whole request is refused.
    if texts.iter().any(|text| text.contains("indigestible")) {
        return (StatusCode::BAD_REQUEST, format!("cannot embed {texts:?}")).into_response();
    }
    let next = script.next.lock().unwrap().pop_front();
    let reply = next.or_else(|| script.otherwise.lock().unwrap().clone()).unwrap_or(Reply::Vectors);
    let good = || {
        let model = asked["model"].as_str().unwrap_or("titan");
        texts.iter().map(|text| Value::from(vector(model, text))).collect::<Vec<_>>()
    };
    let all =
        |numbers: String| texts.iter().map(|_| serde_json::from_str(&numbers).unwrap_or_default()).collect();
    let vectors: Vec<Value> = match reply {
        Reply::Vectors | Reply::Backwards | Reply::OneIndex | Reply::OneMissing => good(),
        Reply::Numbers(number) => {
            let list = vec![number; 256].join(",");
            let item = |index| format!(r#"{{"object":"embedding","index":{index},"embedding":[{list}]}}"#);
            let data = (0..texts.len()).map(item).collect::<Vec<_>>().join(",");
            let body = format!(r#"{{"object":"list","data":[{data}],"embedding":[{list}]}}"#);
            return ([("content-type", "application/json")], body).into_response();
        }
        Reply::Length(length) => all(format!("[{}]", vec!["0.5"; length].join(","))),
        Reply::Echo => return format!("no vectors for {texts:?}").into_response(),
        Reply::Status(status, after) => {
            let mut answer =
                (StatusCode::from_u16(status).unwrap(), format!("no: {texts:?}")).into_response();
            if let Some(after) = after {
                answer.headers_mut().insert(RETRY_AFTER, after.parse().unwrap());
            }
            return answer;
        }
        Reply::Redirect(to) => {
            return (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response();
        }
        Reply::After(time) => {
            tokio::time::sleep(time).await;
            good()
        }
        Reply::Stall => {
            let beginning = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from("{\"data\":["))]);
            let stalled = futures_util::StreamExt::chain(beginning, futures_util::stream::pending());
            return Body::from_stream(stalled).into_response();
        }
    };
    if path.starts_with("/model/") {
        let vector = &vectors[0];
        let tokens = texts[0].split_whitespace().count();
        return Json(json!({
            "embedding": vector, "embeddingsByType": { "float": vector }, "inputTextTokenCount": tokens,
        }))
        .into_response();
    }
    let index = |index| if matches!(reply, Reply::OneIndex) { 0 } else { index };
    let item =
        |(number, vector)| json!({ "object": "embedding", "index": index(number), "embedding": vector });
    let mut data: Vec<Value> = vectors.into_iter().enumerate().map(item).collect();
    match reply {
        Reply::Backwards => data.reverse(),
        Reply::OneMissing => drop(data.pop()),
        _ => {}
    }
    let usage = json!({ "prompt_tokens": 1, "total_tokens": 1 });
    Json(json!({ "object": "list", "data": data, "model": asked["model"], "usage": usage })).into_response()
}
