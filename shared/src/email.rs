//! E-mail addresses, which identify accounts and invited people.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the addresses end that stand for service accounts in the database, where every account has one. They are neither
/// shown nor accepted.
const MADE_UP: &str = "@service-account.invalid";

/// An address in lower case, as it is stored and compared.
///
/// Only printable ASCII is allowed: two addresses that look alike must not be two accounts. Domains in other scripts
/// are written in their `xn--` form.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EmailAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let plausible = text.len() <= 254
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && local.len() <= 64
                    && !domain.contains('@')
                    && domain.split('.').all(|label| !label.is_empty() && label.len() <= 63)
            });
        if !plausible {
            return Err("not an e-mail address, expected a form like name@example.com".to_owned());
        }
        let text = text.to_ascii_lowercase();
        if text.ends_with(MADE_UP) {
            return Err("service accounts have no e-mail address, they are named by their id".to_owned());
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_lower_case() {
        assert_eq!(" Ada@Example.COM ".parse::<EmailAddress>().unwrap().as_str(), "ada@example.com");
        let unusual = "o'neil+mem@xn--bcher-kva.example";
        assert_eq!(unusual.parse::<EmailAddress>().unwrap().as_str(), unusual);
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@@example.com",
            "a da@example.com",
            "ada@example..com",
            "0@Service-Account.invalid",
            &long,
        ] {
            assert!(text.parse::<EmailAddress>().is_err(), "{text:?}");
        }
        assert!("bücher@example.com".parse::<EmailAddress>().is_err());
        assert!("ada@example.com\u{0}".parse::<EmailAddress>().is_err());
    }
}
