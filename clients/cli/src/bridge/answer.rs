//! Parses answers: a single message or a stream of them. Every request gets exactly one response.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use serde_json::Value;

use super::events::Events;
use super::refusal::Refusal;

/// Reads the answer to a line and passes every message in it to `hand_on`. `ids` are the requests in that line: on
/// `Ok`, all of them are answered; on `Err`, none of them is.
pub(super) async fn read<B>(
    response: Response<B>,
    ids: &[Value],
    patience: Duration,
    mut hand_on: impl FnMut(Value),
) -> Result<(), Refusal>
where
    B: Body<Data = Bytes, Error: Display> + Unpin,
{
    let (head, body) = response.into_parts();
    let mut parts = Parts { body, patience };
    let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind == "text/event-stream" {
        return stream(head.status, &mut parts, ids, hand_on).await;
    }
    let mut whole = Vec::new();
    while let Some(bytes) = parts.next().await? {
        whole.extend_from_slice(&bytes);
    }
    if ids.is_empty() {
        // A notification is accepted without a body.
        let accepted = head.status.is_success();
        return if accepted { Ok(()) } else { Err(Refusal::from_body(head.status, kind, &whole)) };
    }
    match serde_json::from_slice::<Value>(&whole) {
        Ok(message) if message.get("jsonrpc").is_some() => answer(message, ids, &mut hand_on),
        _ => Err(Refusal::from_body(head.status, kind, &whole)),
    }
}

/// Reads an event stream up to the response, and whatever follows it.
async fn stream<B>(
    status: StatusCode,
    parts: &mut Parts<B>,
    ids: &[Value],
    mut hand_on: impl FnMut(Value),
) -> Result<(), Refusal>
where
    B: Body<Data = Bytes, Error: Display> + Unpin,
{
    let (mut events, mut answered) = (Events::default(), ids.is_empty());
    loop {
        let bytes = match parts.next().await {
            Ok(Some(bytes)) => bytes,
            _ if answered => return Ok(()),
            Ok(None) => return Err(Refusal::new("the answer ended before the result had come")),
            Err(refusal) => return Err(refusal),
        };
        for data in events.push(&bytes) {
            match serde_json::from_str::<Value>(&data) {
                Ok(message) if message.get("method").is_some() => hand_on(message),
                Ok(message) if !answered => {
                    answer(message, ids, &mut hand_on)?;
                    answered = true;
                }
                _ if answered => {}
                _ => return Err(Refusal::from_body(status, "an event without a message", data.as_bytes())),
            }
        }
    }
}

/// Passes on a message that ends a request. An error without an id counts for every request that waits.
fn answer(message: Value, ids: &[Value], hand_on: &mut impl FnMut(Value)) -> Result<(), Refusal> {
    let id = message.get("id").unwrap_or(&Value::Null);
    if ids.contains(id) {
        hand_on(message);
        return Ok(());
    }
    if !id.is_null() || message.get("error").is_none() {
        return Err(Refusal::new("the server answered something else than what was asked"));
    }
    for id in ids {
        let mut message = message.clone();
        message["id"] = id.clone();
        hand_on(message);
    }
    Ok(())
}

/// A body that is read as it arrives.
struct Parts<B> {
    body: B,
    /// The longest silence allowed.
    patience: Duration,
}

impl<B: Body<Data = Bytes, Error: Display> + Unpin> Parts<B> {
    /// Returns the next bytes, or `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let frame = tokio::time::timeout(self.patience, self.body.frame()).await.map_err(|_| {
            Refusal::new(format!("the answer stopped, nothing more came for {} s", self.patience.as_secs()))
        })?;
        let frame = frame.transpose();
        let frame = frame.map_err(|error| Refusal::new(format!("the answer broke off: {error}")))?;
        Ok(frame.map(|frame| frame.into_data().unwrap_or_default()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics says where it broke")]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body_util::Full;
    use hyper::body::Frame;
    use serde_json::json;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(20);
    const PROGRESS: &str = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n";
    const RESULT: &str = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n";

    /// Returns the messages that were passed on, and the error.
    async fn heard<B>(kind: &str, status: u16, body: B, ids: &[Value]) -> (Vec<Value>, Option<String>)
    where
        B: Body<Data = Bytes, Error: Display> + Unpin,
    {
        let response = Response::builder().status(status).header(CONTENT_TYPE, kind).body(body).unwrap();
        let mut heard = Vec::new();
        let end = read(response, ids, PATIENCE, |message| heard.push(message)).await;
        (heard, end.err().map(|refusal| refusal.message))
    }

    fn full(text: &str) -> Full<Bytes> {
        Full::new(Bytes::from(text.to_owned()))
    }

    /// A body that says something and then stalls without ending.
    struct Stalling(Option<&'static str>);

    impl Body for Stalling {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            match self.0.take() {
                Some(text) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(text.as_bytes()))))),
                None => Poll::Pending,
            }
        }
    }

    #[tokio::test]
    async fn a_stream_without_a_result_and_one_that_stops_are_told() {
        let ids = [json!(1)];
        let (heard_of, why) = heard("text/event-stream", 200, full(PROGRESS), &ids).await;
        assert_eq!(heard_of.len(), 1);
        assert_eq!(why.unwrap(), "the answer ended before the result had come");
        let (heard_of, why) = heard("text/event-stream", 200, Stalling(Some(PROGRESS)), &ids).await;
        assert_eq!(heard_of.len(), 1);
        assert!(why.unwrap().starts_with("the answer stopped"));
        let (heard_of, why) = heard("application/json", 200, Stalling(Some("{\"jsonrpc\"")), &ids).await;
        assert!(heard_of.is_empty() && why.unwrap().starts_with("the answer stopped"));
        // A request that was answered is not answered again.
        let (heard_of, why) = heard("text/event-stream", 200, Stalling(Some(RESULT)), &ids).await;
        assert_eq!((heard_of.len(), why), (1, None));
        let twice = full(&[RESULT, RESULT, "data: {\n\n"].concat());
        assert_eq!(heard("text/event-stream", 200, twice, &ids).await.0.len(), 1);
    }

    #[tokio::test]
    async fn an_error_that_names_no_request_goes_to_those_that_wait() {
        for text in [
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}"#,
            r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}}"#,
        ] {
            for (ids, expected) in [
                (vec![json!("a")], vec![json!("a")]),
                (vec![json!(1), json!(2)], vec![json!(1), json!(2)]),
                (vec![Value::Null], vec![Value::Null]),
                (vec![], vec![]),
            ] {
                let (heard_of, why) = heard("application/json", 403, full(text), &ids).await;
                let named: Vec<_> = heard_of.iter().map(|answer| answer["id"].clone()).collect();
                assert_eq!(named, expected);
                assert_eq!(why, ids.is_empty().then(|| "403 Forbidden: no".to_owned()));
            }
        }
        let portal = full("<html>Sign in to the network</html>");
        let (heard_of, why) = heard("text/html; charset=utf-8", 200, portal, &[json!(7)]).await;
        assert!(heard_of.is_empty());
        assert!(why.unwrap().contains("200 OK, but not with MCP (text/html): is the URL right?"));
        let other = full(r#"{"jsonrpc":"2.0","id":8,"result":{}}"#);
        let (heard_of, why) = heard("application/json", 200, other, &[json!(7)]).await;
        assert!(heard_of.is_empty() && why.unwrap().contains("something else"));
    }
}
