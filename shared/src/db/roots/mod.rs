//! The trusted root certificates for databases: the configured bundle, or else Amazon's roots for RDS hosts, compiled
//! in. Nothing else: the certificates of the operating system are neither read nor trusted.
//!
//! Only the certificates for the host's region are parsed: three, and five for RDS Proxy.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::config::ConfigError;

const RDS: &str = include_str!("rds.pem");

/// The suffix of the name of every RDS database, which follows its region.
const RDS_HOST: &str = ".rds.amazonaws.com";

/// Returns the roots for this host.
pub(super) fn for_host(host: Option<&str>, ca_pem: Option<&str>) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    match (ca_pem, host.and_then(region_of)) {
        (Some(pem), _) => add(&mut roots, pem)?,
        (None, Some(region)) => {
            let own = section(region).ok_or_else(|| ConfigError {
                variable: "MEM0_DATABASE_CA",
                problem: format!("not set, and no root certificates of RDS in {region} are built in"),
            })?;
            add(&mut roots, own)?;
            add(&mut roots, section("proxy").unwrap_or_default())?;
        }
        // With no roots, a server is refused if TLS is requested, rather than trusted.
        (None, None) => {}
    }
    Ok(roots)
}

/// Returns the region of an RDS host.
pub(crate) fn region_of(host: &str) -> Option<&str> {
    host.strip_suffix(RDS_HOST)?.rsplit('.').next().filter(|region| !region.is_empty())
}

/// Returns the text below the line `# name`.
fn section(name: &str) -> Option<&'static str> {
    let (_, rest) = RDS.split_once(&format!("\n# {name}\n"))?;
    Some(rest.split_once("\n# ").map_or(rest, |(section, _)| section))
}

fn add(roots: &mut RootCertStore, pem: &str) -> Result<(), ConfigError> {
    let refused = |error: &dyn std::fmt::Display| ConfigError {
        variable: "MEM0_DATABASE_CA",
        problem: error.to_string(),
    };
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.map_err(|error| refused(&error))?).map_err(|error| refused(&error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_of_rds_is_trusted_by_the_roots_of_its_region_and_those_of_its_proxies() {
        for host in ["db.abc.eu-central-1.rds.amazonaws.com", "p.proxy-abc.us-east-1.rds.amazonaws.com"] {
            assert_eq!(for_host(Some(host), None).unwrap().len(), 8, "{host}");
        }
        assert!(for_host(Some("db.example"), None).unwrap().is_empty());
        assert!(for_host(Some("rds.amazonaws.com"), None).unwrap().is_empty());
    }

    #[test]
    fn every_region_has_three_roots_that_are_certificates() {
        let regions: Vec<&str> = RDS.lines().filter_map(|line| line.strip_prefix("# ")).skip(1).collect();
        assert_eq!(regions.len(), 28);
        for region in regions {
            let mut roots = RootCertStore::empty();
            add(&mut roots, section(region).unwrap()).unwrap();
            assert_eq!(roots.len(), if region == "proxy" { 5 } else { 3 }, "{region}");
        }
    }

    #[test]
    fn a_region_without_roots_says_what_to_do() {
        let error = for_host(Some("db.abc.il-central-1.rds.amazonaws.com"), None).unwrap_err().to_string();
        assert!(error.contains("MEM0_DATABASE_CA") && error.contains("il-central-1"), "{error}");
    }
}
