//! What people, enterprises and API keys are called.

use crate::error::{Error, Result};

/// A name without the spaces around it; `field` is where it stood in the request.
pub(super) fn checked(text: &str, field: &'static str) -> Result<String> {
    let name = text.trim();
    let length = name.chars().count();
    if !(1..=200).contains(&length) {
        return Err(Error::invalid(field, format!("a name has 1 to 200 characters, this one has {length}")));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid(field, "a name has no control characters"));
    }
    Ok(name.to_owned())
}
