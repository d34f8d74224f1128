//! Texts and keys are sent only to a server whose certificate is trusted and names its host.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use shared::clock::Clock;
use shared::config::{EmbeddingConfig, ModelConfig};
use shared::embedding::{EmbedError, Embedding, Purpose, configured};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::peer::Peer;

/// Accepts connections under TLS.
struct Encrypted {
    tcp: TcpListener,
    tls: TlsAcceptor,
}

impl Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.tcp.accept().await.unwrap();
            // A client that refuses the certificate hangs up.
            if let Ok(stream) = self.tls.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

/// A peer whose certificate is for this name, and the certificate.
async fn start(name: &str) -> (Peer, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", tcp.local_addr().unwrap().port());
    let peer = Peer::on(Encrypted { tcp, tls: TlsAcceptor::from(Arc::new(config)) }, url);
    (peer, made.cert.pem())
}

async fn embed(peer: &Peer, ca_pem: Option<String>) -> Result<Vec<Embedding>, EmbedError> {
    let url = format!("{}/v1", peer.url).parse().unwrap();
    let model = ModelConfig::OpenAi { url, model: "m".to_owned(), key: None, ca_pem };
    let patience = Duration::from_secs(4);
    let config = EmbeddingConfig { model, query_timeout: patience, timeout: patience, batch: 32 };
    configured(&config, &Clock::default()).unwrap().embed(&["one"], Purpose::Query).await
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_for_this_host() {
    let (peer, certificate) = start("localhost").await;
    embed(&peer, Some(certificate.clone())).await.unwrap();
    assert_eq!(peer.seen().len(), 1);
    let (other, others) = start("elsewhere.example").await;
    for (peer, trusted) in [(&peer, None), (&peer, Some(others.clone())), (&other, Some(others))] {
        let error = embed(peer, trusted).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("invalid peer certificate"), "{cause}");
        assert!(peer.seen().is_empty());
    }
}
