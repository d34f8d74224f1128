//! Origin checks: a request must be addressed to our own host, and must not come from a foreign web page.
//!
//! A page that makes a browser resolve its own name to this machine (DNS rebinding) still sends its own name as `Host`
//! and `Origin`. Programs other than browsers send no `Origin`.

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use shared::config::PublicConfig;
use shared::loopback;

use crate::fault::Fault;

/// The accepted hosts and origins.
#[derive(Debug, Clone)]
pub(crate) struct Origins {
    /// The public URL.
    url: String,
    /// The host of the public URL, without its port: proxies differ in whether they pass it on.
    host: String,
    /// Complete origins: that of the public URL and the configured ones.
    known: Vec<String>,
}

impl Origins {
    pub(crate) fn new(public: &PublicConfig) -> Self {
        let own = public.url.parse::<Uri>().unwrap_or_default();
        let configured = public.allowed_origins.iter().map(|origin| origin.trim_end_matches('/').to_owned());
        let own_origin = format!("{}://{}", own.scheme_str().unwrap_or_default(), authority(&own));
        Self {
            url: public.url.clone(),
            host: own.host().unwrap_or_default().to_ascii_lowercase(),
            known: configured.chain([own_origin]).map(|origin| origin.to_ascii_lowercase()).collect(),
        }
    }

    /// Refuses with 403 what is not accepted.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Fault> {
        let refuse = |what: String| Err(Fault::not_accepted(StatusCode::FORBIDDEN, what));
        for host in headers.get_all(HOST) {
            let host = host.to_str().unwrap_or_default().to_ascii_lowercase();
            let name = host.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
            let name = name.unwrap_or_default();
            if name != self.host && !loopback::NAMES.contains(&name.as_str()) {
                let host: String = host.chars().take(100).collect();
                return refuse(format!(
                    "the Host header names {host:?}, and this installation is {}: set MEM0_PUBLIC_URL, or have the \
                     proxy pass Host on",
                    self.url
                ));
            }
        }
        if let Some(origin) = headers.get_all(ORIGIN).iter().find(|origin| !self.knows(origin)) {
            let origin: String = origin.to_str().unwrap_or_default().chars().take(100).collect();
            return refuse(format!(
                "pages of {origin} may not call this installation; its operator can allow them \
                 (MEM0_ALLOWED_ORIGINS)"
            ));
        }
        Ok(())
    }

    /// Returns whether pages of this origin may call.
    pub(crate) fn knows(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        self.known.contains(&origin) || is_loopback(&origin)
    }
}

/// Returns whether a page is served by this machine, on any port (developer tools choose their own).
fn is_loopback(origin: &str) -> bool {
    let Some(rest) = origin.strip_prefix("http://") else { return false };
    let uri = rest.parse::<Uri>().unwrap_or_default();
    uri.path_and_query().is_none() && uri.host().is_some_and(|host| loopback::NAMES.contains(&host))
}

/// Returns the host, and the port unless it is the scheme's default, as browsers write origins.
fn authority(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    match (uri.scheme_str(), uri.port_u16()) {
        (_, None) | (Some("https"), Some(443)) | (Some("http"), Some(80)) => host.to_owned(),
        (_, Some(port)) => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, origin: Option<&str>) -> bool {
        let public = PublicConfig {
            url: "https://mem0.example".to_owned(),
            allowed_origins: vec!["https://chat.example".to_owned()],
            reads_documents: true,
            registration: shared::config::Registration::Open,
        };
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        Origins::new(&public).check(&headers).is_ok()
    }

    #[test]
    fn our_own_host_and_this_machine_are_let_in() {
        for host in ["mem0.example", "MEM0.example:443", "localhost:13370", "127.0.0.1", "[::1]:80"] {
            assert!(check(host, None), "{host}");
        }
        for host in ["evil.example", "mem0.example.evil.example", "localhost.evil.example", "a b"] {
            assert!(!check(host, None), "{host}");
        }
    }

    #[test]
    fn only_known_pages_are_let_in() {
        for origin in
            ["https://mem0.example", "https://chat.example", "http://localhost:5173", "http://[::1]:1"]
        {
            assert!(check("mem0.example", Some(origin)), "{origin}");
        }
        for origin in [
            "null",
            "https://evil.example",
            "http://mem0.example",
            "https://mem0.example:8443",
            "http://localhost.evil.example",
            "http://localhost:1@evil.example",
            "http://localhost/x",
            "https://localhost",
        ] {
            assert!(!check("mem0.example", Some(origin)), "{origin}");
        }
    }
}
