//! The HTTP client: pooled connections, TLS with the machine's own root certificates.

use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// An HTTP client. Cheap to clone.
pub(crate) type Client = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Creates a client for that server. The root certificates are read only if they are needed: that
/// takes milliseconds and a megabyte.
pub(crate) fn client(server: &Uri) -> std::io::Result<Client> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?;
    let config = match server.scheme_str() {
        Some("https") => config.with_native_roots()?.with_no_client_auth(),
        _ => config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth(),
    };
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
    Ok(hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(55))
        .pool_timer(TokioTimer::new())
        .build(connector))
}

/// Returns the innermost cause, which is the most specific.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    // What rustls says to an answer in plain HTTP.
    if text.contains("InvalidContentType") { "the server does not speak TLS there".to_owned() } else { text }
}
