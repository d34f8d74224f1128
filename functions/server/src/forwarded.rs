//! The client's address behind proxies: `X-Forwarded-For`, as far as it was written by proxies that are trusted.
//!
//! Each proxy appends the address that it was called from. The header is therefore read from the right, and only what
//! trusted proxies wrote counts: whatever stands further left may be the client's own invention.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::HeaderMap;
use shared::config::ProxiesConfig;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Finds out where requests come from.
#[derive(Debug, Clone)]
pub(crate) struct Forwarded {
    trusted: Arc<ProxiesConfig>,
    warned: Arc<AtomicBool>,
}

impl Forwarded {
    pub(crate) fn new(trusted: ProxiesConfig) -> Self {
        Self { trusted: Arc::new(trusted), warned: Arc::default() }
    }

    /// The address of the client: the socket's peer, or what the nearest proxies that are trusted say.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusted.contain(peer) {
            if headers.contains_key(X_FORWARDED_FOR) && !self.warned.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    %peer,
                    "X-Forwarded-For is ignored: if this is a proxy of yours, name it in MEM0_TRUSTED_PROXIES, or all \
                     its clients count as one"
                );
            }
            return peer;
        }
        let values = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let hops = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        let mut client = peer;
        for hop in hops {
            let Some(address) = parse(hop.trim()) else { break };
            client = address;
            if !self.trusted.contain(client) {
                break;
            }
        }
        client
    }
}

/// Parses an address; some proxies append the port.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse::<SocketAddr>().map(|socket| socket.ip());
    bare.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::*;

    fn client(peer: &str, headers: &[&str]) -> String {
        let trusted = ProxiesConfig::parse("127.0.0.1, 10.0.0.0/8, fd00::/8").unwrap();
        let mut all = HeaderMap::new();
        for value in headers {
            all.append(X_FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        Forwarded::new(trusted).client(peer.parse().unwrap(), &all).to_string()
    }

    #[test]
    fn only_trusted_proxies_say_where_a_request_comes_from() {
        let anybody = "198.51.100.1";
        assert_eq!(client(anybody, &["203.0.113.7"]), anybody);
        assert_eq!(client(anybody, &["127.0.0.1"]), anybody);
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client("::ffff:127.0.0.1", &["203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn what_a_client_wrote_itself_does_not_count() {
        let proxy = "10.0.0.5";
        for forged in [
            &["1.2.3.4, 203.0.113.7"][..],
            &["1.2.3.4", "203.0.113.7"],
            &["10.0.0.9, 203.0.113.7, 10.0.0.6"],
            &["127.0.0.1,203.0.113.7"],
            &["x, 203.0.113.7:4711"],
            &["\"1.2.3.4\"; 203.0.113.7", "203.0.113.7"],
        ] {
            assert_eq!(client(proxy, forged), "203.0.113.7", "{forged:?}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_chain_at_who_wrote_it() {
        for header in ["unknown", "", "203.0.113.7, _hidden", "203.0.113.7,", "203.0.113.7 10.0.0.6"] {
            assert_eq!(client("10.0.0.5", &[header]), "10.0.0.5", "{header}");
        }
        assert_eq!(client("10.0.0.5", &["203.0.113.7, unknown, 10.0.0.6"]), "10.0.0.6");
    }

    #[test]
    fn addresses_are_written_in_several_ways() {
        for (written, meant) in [
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("10.0.0.9", "10.0.0.9"),
        ] {
            assert_eq!(client("fd00::1", &[written]), meant);
        }
    }
}
