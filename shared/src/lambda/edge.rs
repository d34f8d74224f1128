//! CloudFront before the API: who may say what a caller's address is.
//!
//! Behind it, the address that API Gateway sees is CloudFront's. The caller's own is in a header that CloudFront writes
//! (`infra/aws/web.yml`), and that anyone could write who knows the API's own address. So CloudFront shows a secret besides:
//! with it the header is believed, without it the request is refused.

use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::config;
use crate::error::Error;

/// The secret, in a request.
const SECRET: HeaderName = HeaderName::from_static("x-mem0-edge");
/// The caller's address, in a request.
const VIEWER: HeaderName = HeaderName::from_static("x-mem0-viewer");

/// What is in front of the functions, if anything is.
#[derive(Clone)]
pub(super) struct Edge(Option<SecretString>);

impl Edge {
    /// Reads `MEM0_EDGE_SECRET`.
    pub(super) fn from_env() -> Self {
        Self(config::edge_secret())
    }

    /// The address that the edge vouches for; none where there is no edge. Takes its headers away, which nobody else shall see.
    pub(super) fn viewer(&self, headers: &mut HeaderMap) -> Result<Option<String>, Error> {
        let (shown, viewer) = (headers.remove(SECRET), headers.remove(VIEWER));
        let Some(secret) = &self.0 else { return Ok(None) };
        let secret = secret.expose_secret().as_bytes();
        if !shown.is_some_and(|shown| bool::from(shown.as_bytes().ct_eq(secret))) {
            return Err(Error::Forbidden(
                "this is not the address at which this installation answers".to_owned(),
            ));
        }
        Ok(viewer.and_then(|viewer| viewer.to_str().map(str::to_owned).ok()))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

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
    fn without_an_edge_nobody_says_what_their_address_is() {
        let mut forged = headers(Some("anything"));
        assert_eq!(Edge(None).viewer(&mut forged).unwrap(), None);
        assert!(forged.is_empty());
    }
}
