//! The two cookies of a browser: who is signed in there, and which browser it is.
//!
//! Out of reach of scripts, sent over https only, and by requests that begin here or are followed from elsewhere, never by
//! forms of other sites. `__Host-` makes browsers see to it that no other host and no path sets them. An installation
//! without https, which is one on somebody's own machine, goes without that.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use shared::identity::oauth::browser::SIGNED_IN_FOR;

/// A cookie.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cookie {
    /// Who is signed in.
    SignedIn,
    /// Which browser.
    Browser,
}

impl Cookie {
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::SignedIn, true) => "__Host-mem0_signed_in",
            (Self::SignedIn, false) => "mem0_signed_in",
            (Self::Browser, true) => "__Host-mem0_browser",
            (Self::Browser, false) => "mem0_browser",
        }
    }

    /// Its value.
    pub(super) fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let sent = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            sent.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let value = pairs.find(|(name, _)| *name == self.name(secure)).map(|(_, value)| value.to_owned());
        value.filter(|value| !value.is_empty() && value.len() <= 4096)
    }

    /// Has the browser keep a value; an empty one is forgotten.
    pub(super) fn set(self, headers: &mut HeaderMap, value: &str, secure: bool) {
        let age = match self {
            _ if value.is_empty() => 0,
            Self::SignedIn | Self::Browser => SIGNED_IN_FOR.num_seconds(),
        };
        let also = if secure { "; Secure" } else { "" };
        let name = self.name(secure);
        let cookie = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{also}");
        headers.extend(HeaderValue::from_str(&cookie).ok().map(|cookie| (SET_COOKIE, cookie)));
    }
}
