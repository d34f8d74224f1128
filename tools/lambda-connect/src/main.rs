//! Like `hello`, but opens a connection to PostgreSQL while it initializes, with TCP, TLS and
//! SCRAM as the libraries do them.
//!
//! Keep it as anybody would write it: functions are measured against it.

#![expect(
    clippy::disallowed_methods,
    reason = "nothing of the product is in here, its configuration neither"
)]

use std::sync::Arc;

use lambda_http::{Body, Error, Request, Response, run, service_fn};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(std::env::var("MEM0_DATABASE_CA")?)? {
        roots.add(certificate?)?;
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let parameters: tokio_postgres::Config = std::env::var("MEM0_DATABASE_URL")?.parse()?;
    let (client, connection) = parameters.connect(MakeRustlsConnect::new(tls)).await?;
    tokio::spawn(connection);
    let client = &client;
    run(service_fn(async move |_: Request| {
        let connected = !client.is_closed();
        Ok::<_, Error>(Response::new(Body::from(format!("hello, connected: {connected}"))))
    }))
    .await
}
