//! Which addresses may be read from. Checked against the address that is connected to, after name resolution, because a
//! name may resolve differently a moment later.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::dns::Name;

/// How far a fetch may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Public addresses over https, on its own port.
    Public,
    /// Nothing: there is no way to the Internet.
    Nowhere,
    /// This machine only, for tests.
    #[cfg_attr(not(feature = "testing"), allow(dead_code, reason = "made by tests only"))]
    Loopback,
}

impl Reach {
    /// Checks the URL itself. A host that is an IP address is never resolved, so it is checked here.
    pub(super) fn check(self, uri: &Uri) -> Result<(), String> {
        if self == Self::Nowhere {
            return Err("this installation reads nothing from the Internet".to_owned());
        }
        let host = uri.host().unwrap_or_default();
        let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        if number.is_some_and(|ip| !self.includes(ip)) {
            return Err("this address is not public".to_owned());
        }
        match (self, uri.scheme_str()) {
            _ if host.is_empty() => Err("this address names no host".to_owned()),
            (Self::Public, Some("https")) if matches!(uri.port_u16(), None | Some(443)) => Ok(()),
            (Self::Public | Self::Nowhere, _) => Err("only https on port 443 is read".to_owned()),
            (Self::Loopback, Some("http" | "https")) => Ok(()),
            (Self::Loopback, _) => Err("only http is read".to_owned()),
        }
    }

    fn includes(self, ip: IpAddr) -> bool {
        match self {
            Self::Public => is_public(ip),
            Self::Loopback => ip.is_loopback(),
            Self::Nowhere => false,
        }
    }
}

/// Whether an address belongs to the public Internet (IANA special-purpose registries).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_public_v4(ip),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Global unicast, without addresses that lead to IPv4 (6to4, Teredo) or are for documentation.
    let special = a == 0x2002 || (a == 0x2001 && b < 0x200) || (a == 0x2001 && b == 0xdb8) || a == 0x3fff;
    (0x2000..0x4000).contains(&a) && !special
}

/// Resolves names to addresses that may be reached.
#[derive(Clone)]
pub(super) struct PublicOnly(pub(super) Reach);

impl tower::Service<Name> for PublicOnly {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let open: Vec<SocketAddr> = found.iter().copied().filter(|at| reach.includes(at.ip())).collect();
            // A single non-public address makes the whole name suspicious.
            if open.is_empty() || open.len() < found.len() {
                return Err(io::Error::other("this address is not public"));
            }
            Ok(open.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_near_this_server_is_reached() {
        for near in [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "203.0.113.7",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001::1",
            "64:ff9b::7f00:1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(near.parse().unwrap()), "{near}");
        }
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn numbers_in_place_of_names_are_looked_at_too() {
        let check = |uri: &str| Reach::Public.check(&uri.parse().unwrap());
        assert!(check("https://app.example/x").is_ok() && check("https://app.example:443/x").is_ok());
        for wrong in [
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://[::ffff:10.0.0.1]/x",
            "https://169.254.169.254/x",
            "http://app.example/x",
            "https://app.example:8443/x",
            "/x",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
