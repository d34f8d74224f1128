//! A client with one keep-alive HTTP/1.1 connection, and its requests.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// An open connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    credential: Option<String>,
}

impl Client {
    /// Connects without a credential.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        // As every HTTP client does; otherwise Nagle's algorithm would be measured.
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its error is also returned by the next request.
        tokio::spawn(connection);
        Ok(Self { sender, host: address.to_string(), credential: None })
    }

    /// Sends this API key or access token from now on.
    pub(crate) fn authorize(&mut self, credential: &str) {
        self.credential = Some(credential.to_owned());
    }

    /// Sends one request and reads its answer completely.
    pub(crate) async fn send(&mut self, mut request: Request<Bytes>) -> Result<Response<Bytes>> {
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.parse()?);
        if let Some(credential) = &self.credential {
            headers.insert(header::AUTHORIZATION, format!("Bearer {credential}").parse()?);
        }
        let (parts, body) = self.sender.send_request(request.map(Full::new)).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }

    /// Posts JSON and returns the JSON of a successful answer.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.send(post(path, body)?).await?;
        succeeded(path, &answer)?;
        serde_json::from_slice(answer.body())
            .with_context(|| format!("{path} answered something else than json"))
    }
}

/// Creates a request without a body.
pub(crate) fn get(path: &str) -> Result<Request<Bytes>> {
    Ok(Request::builder().uri(path).body(Bytes::new())?)
}

/// Creates a request with a JSON body.
pub(crate) fn post(path: &str, body: &Value) -> Result<Request<Bytes>> {
    let request = Request::builder().method(Method::POST).uri(path);
    Ok(request.header(header::CONTENT_TYPE, "application/json").body(body.to_string().into())?)
}

/// Fails unless the status is a success: refusals are quick and must not be measured.
pub(crate) fn succeeded(path: &str, answer: &Response<Bytes>) -> Result<()> {
    if !answer.status().is_success() {
        let body = String::from_utf8_lossy(answer.body());
        bail!("{path} answered {}: {}", answer.status(), body.chars().take(300).collect::<String>());
    }
    Ok(())
}
