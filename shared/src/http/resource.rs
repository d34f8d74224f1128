//! Where a refused caller can get a better token: `resource_metadata` in the challenge of a protected resource (RFC 9728,
//! section 5.1).
//!
//! The resource is the whole installation, whose identifier is its URL. Only routes that take a credential are
//! protected: the 401 of a login is about a password, and no token would help there. The MCP endpoint is a resource of
//! its own, and names its metadata itself.

use std::sync::{Arc, OnceLock};

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};

/// The URL of the installation, once a route has asked for a credential; all clones share it.
#[derive(Clone, Default)]
pub(super) struct Resource(Arc<OnceLock<String>>);

impl Resource {
    /// Notes that the route takes a credential.
    pub(super) fn is_protected(&self, url: String) {
        self.0.get_or_init(|| url);
    }

    /// Adds the metadata's URL to a challenge that has none.
    pub(super) fn complete(&self, headers: &mut HeaderMap) {
        let challenge = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let (Some(url), Some(challenge)) = (self.0.get(), challenge) else { return };
        if challenge.contains("resource_metadata=") {
            return;
        }
        let whole = format!("{challenge}, resource_metadata=\"{url}/.well-known/oauth-protected-resource\"");
        if let Ok(value) = HeaderValue::from_str(&whole) {
            headers.insert(WWW_AUTHENTICATE, value);
        }
    }
}
