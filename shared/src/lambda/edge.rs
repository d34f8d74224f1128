//! CloudFront, or another proxy, in front of the API: whether to trust its headers with the client's address and the
//! requested host.
//!
//! Behind it, API Gateway sees the proxy's address and its own host. The client's address and the requested host are in
//! headers that the proxy writes (`infra/aws/web.yml`), and that anyone who knows the API's own address could write. So
//! it also sends a secret: with it the headers are trusted, without it the request is refused.
//!
//! A gateway answers under its own names only. A request that names one of them says nothing about the host that the
//! client used, so it counts as addressed to the public URL.

use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::{Choice, ConstantTimeEq as _};

use crate::config;
use crate::error::Error;

/// The header with the secret.
const SECRET: HeaderName = HeaderName::from_static("x-mem0-edge");
/// The header with the client's address.
const VIEWER: HeaderName = HeaderName::from_static("x-mem0-viewer");
/// The header with the host that the client requested.
const ASKED: HeaderName = HeaderName::from_static("x-mem0-host");

/// The edge in front of the functions, if there is one: its secret, or two of them, separated by a comma.
#[derive(Clone)]
pub(super) struct Edge(Option<SecretString>);

impl Edge {
    /// Reads `MEM0_EDGE_SECRET`.
    pub(super) fn from_env() -> Self {
        Self(config::edge_secret())
    }

    /// Returns the client address that the edge vouches for; `None` if there is no edge. Sets the host to the one that
    /// the client requested, if the edge gives it. Removes the edge's headers, which nobody else may see.
    pub(super) fn viewer(&self, headers: &mut HeaderMap) -> Result<Option<String>, Error> {
        let (shown, viewer) = (headers.remove(SECRET), headers.remove(VIEWER));
        let asked = headers.remove(ASKED);
        let Some(secrets) = &self.0 else { return Ok(None) };
        if !shown.is_some_and(|shown| accepts(secrets.expose_secret(), shown.as_bytes())) {
            return Err(Error::Forbidden(
                "this is not the address at which this installation answers".to_owned(),
            ));
        }
        if let Some(asked) = asked {
            headers.insert(HOST, asked);
        }
        Ok(viewer.and_then(|viewer| viewer.to_str().map(str::to_owned).ok()))
    }
}

/// Returns whether the list, separated by commas, has what was shown: there are two while one takes the place of the
/// other. An empty part is none, so a list of nothing accepts nobody.
fn accepts(secrets: &str, shown: &[u8]) -> bool {
    let secrets = secrets.split(',').map(str::trim).filter(|secret| !secret.is_empty());
    secrets.fold(Choice::from(0), |found, secret| found | shown.ct_eq(secret.as_bytes())).into()
}

/// Sets the host to that of the public URL if the request names the gateway itself. A public URL without https is not
/// one that a proxy could stand for.
pub(super) fn address_publicly(headers: &mut HeaderMap, gateway: Option<&str>, public: &str) {
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok());
    if !asked.zip(gateway).is_some_and(|(asked, gateway)| asked.eq_ignore_ascii_case(gateway)) {
        return;
    }
    let public = public.starts_with("https://").then(|| public.parse::<Uri>().ok()).flatten();
    let host = public.and_then(|public| HeaderValue::from_str(public.authority()?.as_str()).ok());
    if let Some(host) = host {
        headers.insert(HOST, host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(secret: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([(VIEWER, HeaderValue::from_static("198.51.100.7"))]);
        headers.extend(secret.map(|secret| (SECRET, HeaderValue::from_static(secret))));
        headers
    }

    #[test]
    fn an_address_is_believed_from_whoever_knows_the_secret_and_nobody_else_gets_in() {
        let edge = Edge(Some("seven grey herons".into()));
        let mut known = headers(Some("seven grey herons"));
        assert_eq!(edge.viewer(&mut known).unwrap().as_deref(), Some("198.51.100.7"));
        assert!(known.is_empty(), "the secret goes no further");
        for stranger in [None, Some(""), Some("seven grey heron"), Some("seven grey herons ")] {
            assert!(edge.viewer(&mut headers(stranger)).is_err(), "{stranger:?}");
        }
    }

    #[test]
    fn two_secrets_are_good_while_one_takes_the_place_of_the_other() {
        let known = |secrets: &str, shown: &'static str| {
            Edge(Some(secrets.into())).viewer(&mut headers(Some(shown))).is_ok()
        };
        for both in ["heron,otter", "heron, otter", "otter,heron,"] {
            assert!(known(both, "heron") && known(both, "otter"), "{both}");
            for stranger in ["", ",", "heron,otter", "heron,", "badger"] {
                assert!(!known(both, stranger), "{both} {stranger}");
            }
        }
        for nothing in [",", " , "] {
            assert!(!known(nothing, "") && !known(nothing, ","), "{nothing:?} lets somebody in");
        }
    }

    #[test]
    fn the_host_is_the_one_that_the_caller_asked() {
        let edge = Edge(Some("seven grey herons".into()));
        let api = || (HOST, HeaderValue::from_static("a1b2c3.execute-api.eu-central-1.amazonaws.com"));
        let asked = || (ASKED, HeaderValue::from_static("memory.example"));
        let mut known = headers(Some("seven grey herons"));
        known.extend([api(), asked()]);
        edge.viewer(&mut known).unwrap();
        assert_eq!(known, HeaderMap::from_iter([(HOST, HeaderValue::from_static("memory.example"))]));
        // An edge that does not give the host yet, and no edge at all.
        let mut older = headers(Some("seven grey herons"));
        older.extend([api()]);
        edge.viewer(&mut older).unwrap();
        assert_eq!(older, HeaderMap::from_iter([api()]));
        let mut forged = headers(None);
        forged.extend([api(), asked()]);
        Edge(None).viewer(&mut forged).unwrap();
        assert_eq!(forged, HeaderMap::from_iter([api()]));
    }

    #[test]
    fn a_request_that_names_the_gateway_is_one_for_the_public_url() {
        let gateway = "a1b2c3.execute-api.eu-central-1.amazonaws.com";
        let host = |asked: &'static str, gateway: Option<&str>, public: &str| {
            let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(asked))]);
            address_publicly(&mut headers, gateway, public);
            headers[HOST].to_str().unwrap().to_owned()
        };
        let public = "https://memory.example";
        for (asked, known, public, expected) in [
            (gateway, Some(gateway), public, "memory.example"),
            ("A1B2C3.execute-api.eu-central-1.amazonaws.com", Some(gateway), public, "memory.example"),
            (gateway, Some(gateway), "https://memory.example:8443/below", "memory.example:8443"),
            ("evil.example", Some(gateway), public, "evil.example"),
            ("memory.example", Some(gateway), public, "memory.example"),
            (gateway, None, public, gateway),
            (gateway, Some(gateway), "http://127.0.0.1:13370", gateway),
            (gateway, Some(gateway), "https://", gateway),
        ] {
            assert_eq!(host(asked, known, public), expected, "{asked} {known:?} {public}");
        }
    }

    #[test]
    fn without_an_edge_nobody_says_what_their_address_is() {
        let mut forged = headers(Some("anything"));
        assert_eq!(Edge(None).viewer(&mut forged).unwrap(), None);
        assert!(forged.is_empty());
    }
}
