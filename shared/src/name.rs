//! The names of people, enterprises, nodes and API keys.

use crate::error::{Error, Result};

/// The maximum length of a name, in characters; the schema enforces the same.
const MAX_NAME: usize = 200;

/// Returns the trimmed name after checking it: 1 to 200 characters, no control characters. `field` is its place in the
/// request.
pub(crate) fn checked(text: &str, field: &'static str) -> Result<String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > MAX_NAME {
        return Err(Error::invalid(
            field,
            format!("a name has 1 to {MAX_NAME} characters, this one {length}"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "a name has no line breaks or other control characters"));
    }
    Ok(text.to_owned())
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
}
