//! Names of enterprises and nodes, and addresses of people, as they come in.

use crate::error::{Error, Result};

/// Longest name, in characters; the schema says the same.
const MAX_NAME: usize = 200;

/// Longest e-mail address (RFC 5321 section 4.5.3.1.3, without the angle brackets).
const MAX_EMAIL: usize = 254;

/// A name without space around it: 1 to 200 characters, no control characters.
pub(super) fn name(text: &str) -> Result<String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > MAX_NAME {
        return Err(Error::invalid(
            "name",
            format!("a name has 1 to {MAX_NAME} characters, this one {length}"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid("name", "a name has no line breaks or other control characters"));
    }
    Ok(text.to_owned())
}

/// An address in lower case that could be one: something, an @, a domain. Whether it exists is for the invited to
/// show.
pub(super) fn email(text: &str) -> Result<String> {
    let text = text.trim();
    let plausible = text.len() <= MAX_EMAIL
        && text.is_ascii()
        && !text.bytes().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.')
        });
    if !plausible {
        return Err(Error::invalid("email", "this is no e-mail address, expected name@domain"));
    }
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(name("  Energy \n").unwrap(), "Energy");
        assert_eq!(name(&"ä".repeat(200)).unwrap().chars().count(), 200);
        for wrong in ["", " \t ", &"n".repeat(201), "two\nlines", "bell\u{7}"] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn addresses_are_plausible() {
        assert_eq!(email(" Ada@Example.ORG ").unwrap(), "ada@example.org");
        let long = format!("{}@example.org", "a".repeat(243));
        for wrong in ["", "ada", "@example.org", "ada@", "a@b@c", "a b@c", "ada@.org", "ä@example.org", &long]
        {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
    }
}
