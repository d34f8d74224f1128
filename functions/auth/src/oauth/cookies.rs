//! The two cookies of a browser: one says who is signed in, the other identifies the browser.
//!
//! Scripts cannot read them (`HttpOnly`). Browsers send them over https only, and not with forms of other sites
//! (`SameSite=Lax`). The prefix `__Host-` ensures that no other host and no other path can set them. An installation
//! without https runs on somebody's own machine and has neither the prefix nor `Secure`.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use shared::identity::oauth::browser::SIGNED_IN_FOR;

/// A cookie.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cookie {
    /// The session that is signed in.
    SignedIn,
    /// The identity of the browser.
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

    /// Returns the cookie's value.
    pub(super) fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let sent = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            sent.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let value = pairs.find(|(name, _)| *name == self.name(secure)).map(|(_, value)| value.to_owned());
        value.filter(|value| !value.is_empty() && value.len() <= 4096)
    }

    /// Sets the cookie; an empty value deletes it.
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
