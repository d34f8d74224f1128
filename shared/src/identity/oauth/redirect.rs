//! Redirect URIs: where a browser is sent with a code. They are registered beforehand and compared exactly, except for
//! the port of a program on the user's own machine, which it does not know before it runs (RFC 8252 section 7.3).

use std::net::Ipv6Addr;

use http::Uri;
use http::uri::Authority;

use super::{Code, OAuthError, Result};
use crate::loopback::NAMES;

const LONGEST: usize = 2048;
/// What is wrong with every other scheme.
const SCHEMES: &str = "this is not https, nor http on this machine (the loopback interface)";

/// Refuses URIs that no code may be sent to: only `https`, and `http` to the machine that the browser runs on, are
/// allowed.
pub(super) fn check(uri: &str) -> Result<()> {
    let refuse = |what: &str| {
        let shown: String = uri.chars().take(100).collect();
        Err(OAuthError::new(Code::InvalidRedirectUri, format!("{shown:?}: {what}")))
    };
    if uri.len() > LONGEST
        || !uri.bytes().all(|byte| (0x21..0x7f).contains(&byte) && !b"\"<>\\^`{|}".contains(&byte))
    {
        return refuse("this is no URI");
    }
    if uri.contains('#') {
        return refuse("a redirect URI has no fragment");
    }
    // Before it is parsed: the parser takes what precedes other colons for a host.
    let scheme = uri.split_once("://").map_or("", |(scheme, _)| scheme);
    if !["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return refuse(SCHEMES);
    }
    let Ok(parsed) = uri.parse::<Uri>() else { return refuse("this is no URI") };
    let Some(authority) = parsed.authority() else {
        return refuse("this names no host");
    };
    if authority.as_str().contains('@') || !is_host(authority.host()) || !has_valid_port(authority) {
        return refuse("a redirect URI names a host, perhaps a port, and no user");
    }
    match parsed.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if NAMES.contains(&authority.host()) => Ok(()),
        _ => refuse(SCHEMES),
    }
}

/// Whether this is a host name or an address, without characters like `*` and `;` that have a meaning in a browser's
/// policy.
fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        }
    }
}

fn has_valid_port(authority: &Authority) -> bool {
    match authority.as_str().strip_prefix(authority.host()) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(':').is_some_and(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
        }),
        None => false,
    }
}

/// Whether a code may be sent to `asked`, given the registered URIs.
pub(super) fn is_registered(asked: &str, registered: &[String]) -> bool {
    // Since the port is not compared, `asked` is checked in the same way as the registered URIs.
    check(asked).is_ok()
        && registered.iter().any(|known| {
            known == asked || matches!((portless(known), portless(asked)), (Some(a), Some(b)) if a == b)
        })
}

/// Returns a loopback URI without its port: the host, and the path with the query.
fn portless(uri: &str) -> Option<(String, String)> {
    let parsed = uri.parse::<Uri>().ok().filter(|parsed| parsed.scheme_str() == Some("http"))?;
    let host = parsed.host().filter(|host| NAMES.contains(host))?;
    let rest = parsed.path_and_query().map_or("/", |rest| rest.as_str());
    Some((host.to_owned(), rest.to_owned()))
}

/// The host that a browser would be sent to, and whether that is the user's own machine: for the consent page.
#[must_use]
pub fn host(uri: &str) -> (String, bool) {
    let parsed = uri.parse::<Uri>().unwrap_or_default();
    let host = parsed.host().unwrap_or_default();
    (host.to_owned(), NAMES.contains(&host))
}

/// Adds parameters to the query of a URL; those without a value are left out.
pub(super) fn with_query(uri: &str, added: &[(&str, Option<&str>)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(added.iter().filter_map(|(name, value)| value.map(|value| (*name, value))));
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_this_machine_are_redirected_to() {
        for good in [
            "https://app.example/callback",
            "https://app.example/callback?x=1",
            "http://127.0.0.1:3000/callback",
            "http://127.0.0.1/callback",
            "http://[::1]:7/",
            "http://localhost:33418",
            "https://[2001:db8::1]:65535/callback",
            "https://xn--bcher-kva.example/callback",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for other in ["javascript:alert(1)", "data:text/html,x", "app://callback", "/callback"] {
            let said = check(other).unwrap_err().to_string();
            assert!(said.ends_with(SCHEMES), "{said}");
        }
        for bad in [
            "javascript:alert(1)",
            "javascript://app.example/%0aalert(1)",
            "data:text/html,x",
            "http://app.example/callback",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "http://localhost@evil.example/",
            "https://user@app.example/",
            "https://app.example/#fragment",
            "https:///path",
            "//app.example/x",
            "/callback",
            "app://callback",
            "cursor://x/y",
            "https://app.example/a b",
            "https://app.example\\@evil.example/",
            "https://app.example/\u{e9}",
            "https://app.example;sandbox/callback",
            "https://app.example,evil.example/callback",
            "https://*/callback",
            "https://*.example/callback",
            "https://app_example'/callback",
            "https://%65vil.example/callback",
            "https://[v1.x]/callback",
            "https://app.example:0/callback",
            "https://app.example:99999/callback",
            "https://app.example:/callback",
            "https://app.example:+1/callback",
            "http://127.0.0.1:70000/callback",
            "",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_match_is_exact_but_for_a_loopback_port() {
        let registered = ["https://app.example/callback".to_owned(), "http://127.0.0.1:1/cb".to_owned()];
        let ok = |asked: &str| is_registered(asked, &registered);
        assert!(
            ok("https://app.example/callback")
                && ok("http://127.0.0.1:1/cb")
                && ok("http://127.0.0.1:55555/cb")
        );
        for wrong in [
            "https://app.example/callback/",
            "https://app.example/callback?x=1",
            "https://app.example:443/callback",
            "https://APP.example/callback",
            "https://app.example/callback/../evil",
            "https://app.example.evil.example/callback",
            "http://app.example/callback",
            "http://localhost:1/cb",
            "http://127.0.0.1:1/cb/x",
            "http://127.0.0.1:1@evil.example/cb",
            "https://127.0.0.1:1/cb",
        ] {
            assert!(!ok(wrong), "{wrong}");
        }
    }

    #[test]
    fn answers_are_added_to_the_query() {
        let added = [("code", Some("a b")), ("state", None), ("iss", Some("https://x"))];
        assert_eq!(
            with_query("https://a.example/cb", &added),
            "https://a.example/cb?code=a+b&iss=https%3A%2F%2Fx"
        );
        assert_eq!(with_query("https://a.example/cb?q=1", &added[..1]), "https://a.example/cb?q=1&code=a+b");
    }
}
