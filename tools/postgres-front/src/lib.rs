//! A proxy that makes the embedded PostgreSQL look like RDS.
//!
//! A [`Front`] listens on a port of this machine, answers PostgreSQL's `SSLRequest` with TLS and its own certificate,
//! and forwards everything else. With [`Iam`], it accepts IAM tokens instead of passwords, as RDS does. It can fail
//! like networks and databases do: lead to another server, refuse, fall silent, cut every connection.
//!
//! For tests and benchmarks; it trusts whoever reaches its port.

mod connection;
mod iam;
mod state;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use iam::Iam;
use state::State;
pub use state::Timing;

/// How a front behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The PostgreSQL behind it.
    pub upstream: SocketAddr,
    /// The name that its certificate is for.
    pub host: String,
    /// Whose IAM tokens it accepts, if it accepts any.
    pub iam: Option<Iam>,
}

/// A front that is listening. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Front {
    address: SocketAddr,
    certificate: String,
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

impl Front {
    /// Listens on a free port.
    ///
    /// # Errors
    /// If no port is free or no certificate can be created.
    pub async fn start(options: Options) -> io::Result<Self> {
        let made = rcgen::generate_simple_self_signed([options.host.clone(), "localhost".to_owned()])
            .map_err(io::Error::other)?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(io::Error::other)?;
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)
            })
            .map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(options.upstream));
        let mut tasks = JoinSet::new();
        let tls = TlsAcceptor::from(Arc::new(config));
        let endpoint = format!("{}:{}", options.host, address.port());
        let iam = options.iam.map(|iam| iam.at(endpoint));
        tasks.spawn(accept(listener, tls, iam, Arc::clone(&state)));
        Ok(Self { address, certificate: made.cert.pem(), state, _tasks: tasks })
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate that clients must trust, in PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Directs new connections to another server, as after a failover. Open ones stay.
    pub fn lead_to(&self, upstream: SocketAddr) {
        self.state.lead_to(upstream);
    }

    /// Sets whether new connections are refused, as while a database is down.
    pub fn refuse(&self, refuse: bool) {
        self.state.refuse(refuse);
    }

    /// Silences every open connection for good: nothing arrives any more, and nobody is told.
    pub fn silence(&self) {
        self.state.silence();
    }

    /// Cuts every open connection.
    pub fn cut(&self) {
        self.state.cut();
    }

    /// Sets how far ahead of this machine's clock IAM tokens are judged.
    pub fn judge_tokens_later_by(&self, seconds: i64) {
        self.state.judge_tokens_later_by(seconds);
    }

    /// When the steps of the last TLS connection happened.
    #[must_use]
    pub fn last_connection(&self) -> Option<Timing> {
        self.state.last()
    }

    /// How many connections were forwarded to PostgreSQL so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.connections()
    }

    /// How many IAM tokens were refused so far.
    #[must_use]
    pub fn refused_tokens(&self) -> usize {
        self.state.refused_tokens()
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, iam: Option<iam::Door>, state: Arc<State>) {
    // Connections live in this set so that they end with the front.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        if state.refuses() {
            continue;
        }
        // Nagle's algorithm would add its delay to every measured message.
        let _ = client.set_nodelay(true);
        let (tls, iam, state) = (tls.clone(), iam.clone(), Arc::clone(&state));
        connections.spawn(async move {
            // An error means that the client or PostgreSQL has gone away.
            let _ = connection::serve(client, tls, iam, &state).await;
        });
    }
}
