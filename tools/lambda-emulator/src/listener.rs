//! The gateway as an HTTP/1.1 server, so that ordinary clients can talk to packaged functions.

use std::{convert::Infallible, io, net::SocketAddr};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    Gateway, RequestSource,
    gateway::{BODY_LIMIT, message},
};

/// A gateway that is listening. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    tasks: JoinSet<()>,
}

impl Listening {
    /// The address that clients connect to, with the chosen port if 0 was requested.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for clients, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the task ends, which happens only if the listening socket fails.
    pub async fn wait(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Gateway {
    /// Listens on `address`; port 0 chooses a free one.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn listen(self, address: SocketAddr) -> io::Result<Listening> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(self, listener, address.port()));
        Ok(Listening { address, tasks })
    }
}

async fn accept(gateway: Gateway, listener: TcpListener, port: u16) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, peer)) => {
                let source = RequestSource { ip: peer.ip(), port };
                connections.spawn(serve(gateway.clone(), stream, source));
            }
            // A client's half-open connection, or a momentary lack of descriptors, must not end the server.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    }
}

async fn serve(gateway: Gateway, stream: TcpStream, source: RequestSource) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let gateway = gateway.clone();
        async move { Ok::<_, Infallible>(answer(&gateway, source, request).await) }
    });
    // An error is the client's: it disconnected, or does not speak HTTP.
    let _ =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    gateway: &Gateway,
    source: RequestSource,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let response = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => gateway.handle(&Request::from_parts(parts, body.to_bytes()), source).await,
        Err(error) if error.is::<LengthLimitError>() => {
            message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
        }
        Err(_) => message(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    response.map(Full::new)
}
