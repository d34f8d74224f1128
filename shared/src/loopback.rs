//! The names of this machine. While the public URL has one of them, people type whichever they like, and clients compare
//! what they typed with what they are told.

use http::HeaderMap;
use http::header::HOST;

/// The names.
pub const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Returns the URL under which a request reached an installation: its public URL or, if that names this machine, the
/// same with the name that the request used. Another port is another installation.
#[must_use]
pub fn reached(public: &str, headers: &HeaderMap) -> String {
    let name = || {
        let (scheme, after) = split(public)?;
        let port = after.split('/').next().unwrap_or_default();
        let mut hosts = headers.get_all(HOST).iter();
        let (host, None) = (hosts.next()?.to_str().ok()?, hosts.next()) else { return None };
        let name = NAMES.into_iter().find(|name| host.strip_prefix(name) == Some(port))?;
        Some(format!("{scheme}://{name}{after}"))
    };
    name().unwrap_or_else(|| public.to_owned())
}

/// Whether two URLs are the same, or differ only in their names of this machine.
#[must_use]
pub fn are_same(one: &str, other: &str) -> bool {
    one == other || split(one).is_some_and(|parts| split(other) == Some(parts))
}

/// The scheme of a URL that names this machine, and what follows the name.
fn split(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let after = NAMES.into_iter().find_map(|name| rest.strip_prefix(name))?;
    (after.is_empty() || after.starts_with([':', '/'])).then_some((scheme, after))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn to(public: &str, hosts: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        reached(public, &headers)
    }

    #[test]
    fn this_machine_is_called_what_the_request_called_it() {
        let public = "http://127.0.0.1:13370";
        assert_eq!(to(public, &["localhost:13370"]), "http://localhost:13370");
        assert_eq!(to(public, &["[::1]:13370"]), "http://[::1]:13370");
        assert_eq!(to("http://localhost/mem0", &["127.0.0.1"]), "http://127.0.0.1/mem0");
        for other in [
            &["localhost:1"][..],
            &["localhost"],
            &["evil.example:13370"],
            &["localhost.evil.example:13370"],
            &["127.0.0.1:13370@evil.example"],
            &["localhost:13370/x"],
            &["localhost:13370", "evil.example"],
            &[],
        ] {
            assert_eq!(to(public, other), public, "{other:?}");
        }
        // An installation with a name of its own has no other.
        let public = "https://mem0.example";
        assert_eq!(to(public, &["localhost"]), public);
        assert_eq!(to("http://localhost.example", &["127.0.0.1"]), "http://localhost.example");
    }

    #[test]
    fn only_names_of_this_machine_are_the_same() {
        assert!(are_same("http://127.0.0.1:1/mcp", "http://localhost:1/mcp"));
        assert!(are_same("https://mem0.example", "https://mem0.example"));
        for (one, other) in [
            ("http://127.0.0.1:1/mcp", "http://localhost:2/mcp"),
            ("http://127.0.0.1:1/mcp", "https://localhost:1/mcp"),
            ("http://127.0.0.1:1/mcp", "http://localhost:1/mcp/x"),
            ("http://127.0.0.1:1", "http://localhost.evil.example:1"),
            ("https://mem0.example", "https://localhost"),
            ("https://mem0.example", "https://evil.example"),
        ] {
            assert!(!are_same(one, other), "{one} {other}");
        }
    }
}
