//! Client connections: how many at once, and how long each may take to send a request.
//!
//! Every connection is an open file, and a process may have only so many. Without limits, clients that hold
//! connections open without sending requests could keep everybody else out.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use shared::http::SourceIp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use crate::forwarded::Forwarded;
use crate::shutdown::Shutdown;

/// How long a new connection may take until the head of its first request has arrived.
const FIRST_HEAD: Duration = Duration::from_secs(10);

/// The same for each further request, and so the idle timeout. It is longer than that of load balancers (60 s by
/// default at AWS), which would otherwise send requests into connections that are just being closed.
const NEXT_HEAD: Duration = Duration::from_secs(75);

/// How long to wait when no connection can be accepted, for example because no file descriptor is left.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until asked to stop, and then finishes those in progress. No more than `most` connections are open
/// at once; further clients wait.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    most: usize,
    forwarded: Forwarded,
    shutdown: Shutdown,
) {
    let (places, under_way) =
        (Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))), GracefulShutdown::new());
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(NEXT_HEAD);
    let accepting = async {
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, peer) = accept(&listener).await;
            let origin = Origin { peer, forwarded: forwarded.clone() };
            let connection = answer(stream, origin, router.clone(), server.clone(), under_way.watcher());
            tokio::spawn(async move {
                connection.await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        () = shutdown.requested() => {}
    }
    drop(listener);
    under_way.shutdown().await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The client has already disconnected.
            Err(error)
                if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            // No file descriptor is left, for example: one may be freed soon.
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Where a connection's requests come from.
struct Origin {
    peer: SocketAddr,
    forwarded: Forwarded,
}

/// Answers the requests of one connection.
async fn answer(stream: TcpStream, origin: Origin, router: Router, server: http1::Builder, watcher: Watcher) {
    let asked = Arc::new(AtomicBool::new(false));
    let service = {
        let asked = Arc::clone(&asked);
        service_fn(move |request: hyper::Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            let mut request: Request = request.map(Body::new);
            // The Lambda runtime provides it in the same way.
            let client = origin.forwarded.client(origin.peer.ip(), request.headers());
            request.extensions_mut().insert(SourceIp(client.to_string()));
            router.clone().oneshot(request)
        })
    };
    let connection = watcher.watch(server.serve_connection(TokioIo::new(stream), service));
    let silence = async {
        tokio::time::sleep(FIRST_HEAD).await;
        if asked.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended");
            }
        }
        () = silence => tracing::debug!("a connection asked for nothing"),
    }
}
