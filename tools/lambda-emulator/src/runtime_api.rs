//! The Runtime API of one execution environment: three POSTs and one long GET.
//!
//! Source: "Using the Lambda runtime API for custom runtimes" in the Lambda developer guide, version 2018-06-01.
//! Extensions and response streaming are absent: their paths answer 404, and a streamed reply is refused.
//!
//! The server only translates. Events arrive through one channel, and the function's messages leave through another;
//! [`crate::Environment`] interprets them.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinSet,
};

use crate::{ErrorReport, process};

/// The largest event or reply of a synchronous invocation, in bytes: 6 MB and what Lambda itself adds.
pub(crate) const PAYLOAD_LIMIT: usize = 6_291_556;

const PREFIX: &str = "/2018-06-01/runtime/";

/// One event for the function.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) request_id: String,
    pub(crate) trace_id: String,
    pub(crate) body: Bytes,
}

/// A message from the function.
#[derive(Debug)]
pub(crate) struct Signal {
    /// When it had been read completely.
    pub(crate) at: Instant,
    /// The CPU time of the process then; only for the first request for work and the first answer.
    pub(crate) cpu: Option<Duration>,
    pub(crate) kind: SignalKind,
}

#[derive(Debug)]
pub(crate) enum SignalKind {
    /// A request for work.
    Next,
    /// The answer to the event with this request id.
    Reply { request_id: String, body: Bytes },
    /// An error as the answer to the event with this request id.
    Error { request_id: String, report: ErrorReport },
    /// An answer that is larger than allowed.
    TooLarge { request_id: String, bytes: usize },
    /// The function cannot start.
    InitError(ErrorReport),
}

/// The running server, and its ends of the channels. Dropping it closes the port.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    pub(crate) events: mpsc::UnboundedSender<Event>,
    pub(crate) signals: mpsc::UnboundedReceiver<Signal>,
    /// Set once the process exists, so that its CPU time can be read.
    pub(crate) pid: Arc<OnceLock<u32>>,
    _tasks: JoinSet<()>,
}

struct Server {
    function_arn: String,
    timeout: Duration,
    events: Mutex<mpsc::UnboundedReceiver<Event>>,
    signals: mpsc::UnboundedSender<Signal>,
    pid: Arc<OnceLock<u32>>,
    asked: AtomicBool,
    answered: AtomicBool,
}

impl RuntimeApi {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn serve(function_arn: String, timeout: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, event_receiver) = mpsc::unbounded_channel();
        let (signal_sender, signals) = mpsc::unbounded_channel();
        let pid = Arc::<OnceLock<u32>>::default();
        let server = Arc::new(Server {
            function_arn,
            timeout,
            events: Mutex::new(event_receiver),
            signals: signal_sender,
            pid: Arc::clone(&pid),
            asked: AtomicBool::new(false),
            answered: AtomicBool::new(false),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, server));
        Ok(Self { address, events, signals, pid, _tasks: tasks })
    }
}

async fn accept(listener: TcpListener, server: Arc<Server>) {
    // Connections live in this set so that aborting this task closes them too.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        // Nagle's algorithm would add its delay to every measured reply.
        let _ = stream.set_nodelay(true);
        let server = Arc::clone(&server);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&server), request));
            // An error means that the process is going away, which the environment notices by itself.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    server: Arc<Server>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    Ok(match (request.method(), segments.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => server.next().await,
        (&Method::POST, ["invocation", id, "response"]) => server.reply(id, request).await,
        (&Method::POST, ["invocation", id, "error"]) => {
            let report = read_report(request).await;
            server.say(SignalKind::Error { request_id: (*id).to_owned(), report });
            accepted()
        }
        (&Method::POST, ["init", "error"]) => {
            let report = read_report(request).await;
            server.say(SignalKind::InitError(report));
            accepted()
        }
        _ => refused(StatusCode::NOT_FOUND, "NotFound", "no such path in the runtime api"),
    })
}

impl Server {
    async fn next(&self) -> Response<Full<Bytes>> {
        self.say(SignalKind::Next);
        // If the process dies while it waits here, this future is dropped and the event stays in the channel.
        let Some(event) = self.events.lock().await.recv().await else {
            return refused(StatusCode::INTERNAL_SERVER_ERROR, "Closed", "emulator is shutting down");
        };
        let deadline = SystemTime::now() + self.timeout;
        let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", event.request_id)
            .header("lambda-runtime-deadline-ms", deadline.to_string())
            .header("lambda-runtime-invoked-function-arn", &self.function_arn)
            .header("lambda-runtime-trace-id", event.trace_id)
            .body(Full::new(event.body))
            .unwrap_or_else(|_| {
                refused(StatusCode::INTERNAL_SERVER_ERROR, "BadEvent", "event has a bad header")
            })
    }

    async fn reply(&self, request_id: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request
            .headers()
            .get("lambda-runtime-function-response-mode")
            .is_some_and(|mode| mode == "streaming")
        {
            let report = ErrorReport {
                error_type: "Emulator.StreamingUnsupported".into(),
                error_message: "an HTTP API cannot carry a streamed reply".into(),
            };
            self.say(SignalKind::Error { request_id: request_id.to_owned(), report });
            return refused(
                StatusCode::BAD_REQUEST,
                "InvalidResponseMode",
                "streamed replies are not supported",
            );
        }
        let stated =
            request.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
        let request_id = request_id.to_owned();
        match Limited::new(request.into_body(), PAYLOAD_LIMIT).collect().await {
            Ok(body) => {
                self.say(SignalKind::Reply { request_id, body: body.to_bytes() });
                accepted()
            }
            Err(error) if error.is::<LengthLimitError>() => {
                self.say(SignalKind::TooLarge { request_id, bytes: stated.unwrap_or(PAYLOAD_LIMIT + 1) });
                refused(StatusCode::PAYLOAD_TOO_LARGE, "Function.ResponseSizeTooLarge", "reply is too large")
            }
            // The process ended in the middle of its reply: it will be seen to have exited.
            Err(_) => refused(StatusCode::BAD_REQUEST, "TruncatedBody", "reply was cut off"),
        }
    }

    fn say(&self, kind: SignalKind) {
        let at = Instant::now();
        let first = match kind {
            SignalKind::Next => &self.asked,
            _ => &self.answered,
        };
        // Reading /proc costs more than a warm invocation, so it is done only where it is reported.
        let cpu = (!first.swap(true, Ordering::Relaxed))
            .then(|| self.pid.get().copied().and_then(process::cpu_time))
            .flatten();
        // The environment is gone only if the process is being killed; nobody is left to tell.
        let _ = self.signals.send(Signal { at, cpu, kind });
    }
}

async fn read_report(request: Request<Incoming>) -> ErrorReport {
    match Limited::new(request.into_body(), PAYLOAD_LIMIT).collect().await {
        Ok(body) => ErrorReport::parse(&body.to_bytes()),
        Err(error) => {
            ErrorReport { error_type: "Runtime.UnreadableError".into(), error_message: error.to_string() }
        }
    }
}

fn accepted() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(br#"{"status":"OK"}"#)));
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn refused(status: StatusCode, kind: &str, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "errorType": kind, "errorMessage": message }).to_string();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}
