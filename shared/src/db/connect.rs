//! Opening one connection: TLS where the URL asks for it, verified against the given roots only.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::StoreError;
use crate::config::DatabaseConfig;

/// The connection parameters and the connector that fits them.
pub(super) fn prepare(
    config: &DatabaseConfig,
) -> Result<(tokio_postgres::Config, MakeRustlsConnect), StoreError> {
    let mut parameters: tokio_postgres::Config = config.url.expose_secret().parse().map_err(|error| {
        StoreError::Unavailable(format!("MEM0_DATABASE_URL cannot be understood: {error}"))
    })?;
    if parameters.get_connect_timeout().is_none() {
        parameters.connect_timeout(std::time::Duration::from_secs(5));
    }
    parameters.keepalives_idle(std::time::Duration::from_secs(60));
    parameters.application_name("mem0-enterprise");
    Ok((parameters, MakeRustlsConnect::new(tls(config.ca_pem.as_deref())?)))
}

/// Without a bundle there are no roots, and a server that asks for TLS is refused rather than trusted.
fn tls(ca_pem: Option<&str>) -> Result<ClientConfig, StoreError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.unwrap_or_default().as_bytes()) {
        certificate
            .map_err(|error| error.to_string())
            .and_then(|der| roots.add(der).map_err(|error| error.to_string()))
            .map_err(|error| {
                StoreError::Unavailable(format!("MEM0_DATABASE_CA holds no valid certificate: {error}"))
            })?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
