//! The names of people, enterprises, nodes and API keys.

use unicode_normalization::UnicodeNormalization as _;

use crate::error::{Error, Result};
use crate::invisible::is_invisible;

/// The maximum length of a name, in characters; the schema enforces the same.
const MAX_NAME: usize = 200;

/// Returns the trimmed name after checking it: 1 to 200 characters, no control characters, and no invisible ones that
/// no language needs. `field` is its place in the request.
pub(crate) fn checked(text: &str, field: &'static str) -> Result<String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > MAX_NAME {
        return Err(Error::invalid(field, format!("must have 1 to {MAX_NAME} characters, found {length}")));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "must not contain line breaks or other control characters"));
    }
    if let Some(hidden) = text.chars().find(|c| is_invisible(*c) && !is_joiner(*c)) {
        let code = u32::from(hidden);
        return Err(Error::invalid(
            field,
            format!("must not contain invisible characters, found U+{code:04X}"),
        ));
    }
    if text.chars().all(is_invisible) {
        return Err(Error::invalid(field, "must have a visible character"));
    }
    Ok(text.to_owned())
}

/// Whether people take two names for the same: upper and lower case, invisible characters, spaces and the widths of
/// letters make no difference.
pub(crate) fn look_alike(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

fn folded(name: &str) -> String {
    let visible: String = name.chars().filter(|c| !is_invisible(*c)).nfkc().collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Invisible characters that words need: joiners in Persian, Indic scripts and emoji, and emoji variants.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(checked("  Energy \n", "name").unwrap(), "Energy");
        assert_eq!(checked(&"ä".repeat(200), "name").unwrap().chars().count(), 200);
        for wrong in ["", " \t ", &"n".repeat(201), "two\nlines", "bell\u{7}"] {
            assert!(checked(wrong, "name").is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_name_hides_nothing() {
        for wrong in ["Al\u{202e}ahp", "Al\u{200b}pha", "\u{2066}Alpha", "\u{200d}"] {
            assert!(checked(wrong, "name").is_err(), "{wrong:?}");
        }
        for right in ["می\u{200c}خواهم", "👩\u{200d}🔬 Lab", "❤\u{fe0f}"] {
            assert_eq!(checked(right, "name").unwrap(), right);
        }
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for same in ["alpha", " ALPHA", "Al\u{200d}pha", "Ａｌｐｈａ"] {
            assert!(look_alike("Alpha", same), "{same:?}");
        }
        assert!(look_alike("Team  A", "team a"));
        assert!(!look_alike("Alpha", "Alpha 2"));
    }
}
