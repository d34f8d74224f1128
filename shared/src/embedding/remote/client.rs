//! HTTPS out of this process: bounded, verified, and without redirects, so that a key reaches only whom it is for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::failure::Failure;
use super::refused;
use crate::clock::Clock;
use crate::config::ConfigError;

/// Connecting takes longer than this only to what is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Shorter than the minute after which load balancers drop idle connections.
const IDLE: Duration = Duration::from_secs(50);
/// The largest answer: 2,048 vectors of 256 numbers as long as JSON writes them.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// Sends requests over kept connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Client(Pool<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Client {
    /// Trusts the bundle, or the public roots if there is none.
    pub(super) fn new(ca_pem: Option<&str>) -> Result<Self, ConfigError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls(ca_pem)?).https_or_http().enable_http1();
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(https.wrap_connector(tcp));
        Ok(Self(pool))
    }

    /// The body of a successful answer.
    pub(super) async fn send(&self, mut request: Request<Bytes>, clock: &Clock) -> Result<Bytes, Failure> {
        let agent = HeaderValue::from_static(concat!("mem0-enterprise/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, agent);
        let answer = self.0.request(request.map(Full::new)).await.map_err(|error| unreachable(&error))?;
        let (head, body) = answer.into_parts();
        if !head.status.is_success() {
            return Err(Failure::refused(head.status, &head.headers, clock));
        }
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        body.map(|body| body.to_bytes()).map_err(|error| Failure::Unreachable(error.to_string()))
    }
}

/// The innermost cause says most: `Connection refused`, `invalid peer certificate`.
fn unreachable(error: &dyn std::error::Error) -> Failure {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Failure::Unreachable(cause.to_string())
}

fn tls(ca_pem: Option<&str>) -> Result<ClientConfig, ConfigError> {
    let mut roots = RootCertStore::empty();
    match ca_pem {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|error| refused("MEM0_EMBEDDING_CA", error))?;
                roots.add(certificate).map_err(|error| refused("MEM0_EMBEDDING_CA", error))?;
            }
            if roots.is_empty() {
                return Err(refused("MEM0_EMBEDDING_CA", "the file has no certificate in PEM"));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused("MEM0_EMBEDDER", error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
