//! What opens a connection: TLS where the URL asks for it, verified against the given roots only.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret as _;
use tokio_postgres::config::Host;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::StoreError;
use crate::config::{ConfigError, DatabaseConfig};

/// The connection parameters and the connector that fits them.
pub(super) fn prepare(
    config: &DatabaseConfig,
) -> Result<(tokio_postgres::Config, MakeRustlsConnect), StoreError> {
    let mut parameters: tokio_postgres::Config =
        config.url.expose_secret().parse().map_err(|error| refused("MEM0_DATABASE_URL", &error))?;
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
        let certificate = certificate.map_err(|error| refused("MEM0_DATABASE_CA", &error))?;
        roots.add(certificate).map_err(|error| refused("MEM0_DATABASE_CA", &error))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn refused(variable: &'static str, error: &dyn std::error::Error) -> StoreError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    StoreError::Configuration(ConfigError { variable, problem: format!("{error}{cause}") })
}

/// Where the parameters lead, without what opens the door: `postgres://user@host:port/database`.
pub(super) fn place(parameters: &tokio_postgres::Config) -> String {
    let ports = parameters.get_ports();
    let hosts = parameters.get_hosts().iter().enumerate().map(|(index, host)| {
        let name = match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        match ports.get(index).or(ports.first()) {
            Some(port) => format!("{name}:{port}"),
            None => name,
        }
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let user = parameters.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    format!("postgres://{user}{hosts}/{}", parameters.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_without_its_password() {
        for (url, shown) in [
            (
                "postgres://owner:secret@db.example:6432/mem0?sslmode=require",
                "postgres://owner@db.example:6432/mem0",
            ),
            ("host=/run/postgresql user=owner password=secret", "postgres://owner@/run/postgresql/"),
            ("postgres://a,b/mem0", "postgres://a:5432,b:5432/mem0"),
        ] {
            assert_eq!(place(&url.parse().unwrap()), shown);
        }
    }
}
