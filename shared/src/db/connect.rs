//! Opening connections: TLS if the URL asks for it, verified against the given roots only.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use secrecy::ExposeSecret as _;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::login::Opener;
use super::{StoreError, roots};
use crate::config::{ConfigError, DatabaseConfig};

/// The connection parameters, the opener that uses them, and the TLS connector for cancelling statements.
pub(super) struct Prepared {
    pub(super) parameters: tokio_postgres::Config,
    pub(super) opener: Opener,
    pub(super) tls: MakeRustlsConnect,
}

pub(super) fn prepare(config: &DatabaseConfig) -> Result<Prepared, StoreError> {
    let mut parameters: tokio_postgres::Config =
        config.url.expose_secret().parse().map_err(|error| refused("MEM0_DATABASE_URL", &error))?;
    if parameters.get_connect_timeout().is_none() {
        parameters.connect_timeout(Duration::from_secs(5));
    }
    // A silently dead peer is noticed after one minute if idle, or after ten seconds if a statement is in flight.
    parameters.keepalives_idle(Duration::from_secs(30)).keepalives_interval(Duration::from_secs(10));
    parameters.keepalives_retries(3).tcp_user_timeout(Duration::from_secs(10));
    parameters.application_name("mem0-enterprise");
    let host = parameters.get_hosts().iter().find_map(|host| match host {
        Host::Tcp(name) => Some(name.clone()),
        Host::Unix(_) => None,
    });
    if host.as_deref().and_then(roots::region_of).is_some() {
        // Whatever the URL says: RDS supports TLS, and its certificate is known.
        parameters.ssl_mode(SslMode::Require);
    }
    let roots =
        roots::for_host(host.as_deref(), config.ca_pem.as_deref()).map_err(StoreError::Configuration)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let tls = MakeRustlsConnect::new(client.with_root_certificates(roots).with_no_client_auth());
    let opener = Opener::new(config, &mut parameters, tls.clone())?;
    Ok(Prepared { parameters, opener, tls })
}

fn refused(variable: &'static str, error: &dyn std::error::Error) -> StoreError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    StoreError::Configuration(ConfigError { variable, problem: format!("{error}{cause}") })
}
/// Where the parameters lead, without credentials: `postgres://user@host:port/database`.
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
