//! The proxies whose `X-Forwarded-For` is believed.

use std::net::IpAddr;

use super::{ConfigError, variable};

const VARIABLE: &str = "MEM0_TRUSTED_PROXIES";

/// `MEM0_TRUSTED_PROXIES` (none): addresses and networks of the proxies in front of the all-in-one server,
/// comma-separated.
#[derive(Debug, Clone, Default)]
pub struct ProxiesConfig(Vec<Network>);

/// The addresses that begin with the same bits.
#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    /// How many bits they share.
    prefix: u32,
}

impl ProxiesConfig {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::parse(&variable(VARIABLE).unwrap_or_default())
    }

    /// Parses a list.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let networks = parts.map(|part| {
            Network::parse(part).map_err(|problem| ConfigError {
                variable: VARIABLE,
                problem: format!("{part:?}: {problem}"),
            })
        });
        let networks = networks.collect::<Result<Vec<_>, _>>()?;
        if networks.is_empty() && !text.is_empty() {
            let problem = format!("{text:?} names no proxy");
            return Err(ConfigError { variable: VARIABLE, problem });
        }
        Ok(Self(networks))
    }

    /// Whether this address is one of the proxies.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address.to_canonical()))
    }
}

impl Network {
    fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected an address or a network, like 10.0.0.5 or 10.0.0.0/8";
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().map_err(|_| EXPECTED)?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| EXPECTED)?.to_canonical();
        let most = width(address);
        let prefix = prefix.unwrap_or(most);
        match prefix {
            // Everybody could then write the address that counts.
            0 => Err("a network of everybody cannot be trusted"),
            prefix if prefix > most => Err(EXPECTED),
            prefix => Ok(Self { address, prefix }),
        }
    }

    fn contains(self, other: IpAddr) -> bool {
        let rest = width(self.address) - self.prefix;
        match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => own.to_bits() >> rest == other.to_bits() >> rest,
            (IpAddr::V6(own), IpAddr::V6(other)) => own.to_bits() >> rest == other.to_bits() >> rest,
            _ => false,
        }
    }
}

/// The number of bits of an address.
fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contained(list: &str, address: &str) -> bool {
        ProxiesConfig::parse(list).unwrap().contain(address.parse().unwrap())
    }

    #[test]
    fn addresses_and_networks_are_trusted_and_nothing_beside() {
        let list = "127.0.0.1, 10.1.0.0/16,fd00::/8 , 2001:db8::7";
        for inside in ["127.0.0.1", "::ffff:127.0.0.1", "10.1.255.255", "fdff::1", "2001:db8::7"] {
            assert!(contained(list, inside), "{inside}");
        }
        for outside in ["127.0.0.2", "10.2.0.0", "fe00::1", "2001:db8::8", "::1"] {
            assert!(!contained(list, outside), "{outside}");
        }
        assert!(!contained("", "127.0.0.1"));
        assert!(contained("203.0.113.9/31", "203.0.113.8"));
    }

    #[test]
    fn what_names_no_network_is_an_error() {
        for wrong in ["proxy", "10.0.0/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129", "*"] {
            assert!(ProxiesConfig::parse(wrong).unwrap_err().to_string().contains("expected"), "{wrong}");
        }
        for none in [",", " ", " , ,"] {
            assert!(
                ProxiesConfig::parse(none).unwrap_err().to_string().contains("names no proxy"),
                "{none:?}"
            );
        }
        for all in ["0.0.0.0/0", "::/0"] {
            assert!(ProxiesConfig::parse(all).unwrap_err().to_string().contains("everybody"), "{all}");
        }
    }
}
