//! What a JSON body says, or what is wrong with it. What cannot be kept is refused with its place.

use serde_json::{Error, Value};

use super::{digits, strict, surrogates};

/// How deep a body may nest.
const DEEPEST: usize = 127;

/// Why a body is refused.
#[derive(Debug)]
pub enum BodyError {
    /// It is not JSON, or an object in it has a duplicate member.
    NotJson(Error),
    /// It is JSON that is not accepted.
    Refused {
        /// The path to what is wrong, if it is in one place.
        place: Option<String>,
        /// What is wrong.
        problem: String,
    },
}

/// Parses a body.
///
/// # Errors
/// If it is not JSON, is ambiguous, nests too deep, or has an integer that cannot be kept.
pub fn body(text: &[u8]) -> Result<Value, BodyError> {
    let read = strict::value(text).or_else(|error| match surrogates::replaced(text) {
        Some(mended) => strict::value(&mended),
        None => Err(error),
    });
    let value = read.map_err(|error| match error.to_string().starts_with("recursion limit exceeded") {
        true => BodyError::Refused { place: None, problem: format!("nests deeper than {DEEPEST} levels") },
        false => BodyError::NotJson(error),
    })?;
    if let Some((from, to)) = digits::too_long(text) {
        // With a NUL in its place it is found as one is.
        let marked = [&text[..from], br#""\u0000""#, &text[to..]].concat();
        let place = strict::value(&marked).ok().and_then(|value| nul_within(&value));
        let place = place.filter(|place| !place.is_empty());
        let problem = "has more than 64 bits, send it as a string".to_owned();
        return Err(BodyError::Refused { place, problem });
    }
    Ok(value)
}

/// Does the same for what is to be stored or searched for, which PostgreSQL cannot do with a NUL character.
pub(super) fn without_nul(text: &[u8]) -> Result<Value, BodyError> {
    let value = body(text)?;
    // Values are only searched if there is one.
    let nul = if has_nul(text) { nul_within(&value) } else { None };
    match nul {
        None => Ok(value),
        Some(place) => {
            let place = Some(place).filter(|place| !place.is_empty());
            Err(BodyError::Refused { place, problem: "contains a NUL character".to_owned() })
        }
    }
}

/// Whether JSON text contains a NUL: as an escape that is not itself escaped. A raw one is not JSON.
fn has_nul(text: &[u8]) -> bool {
    std::str::from_utf8(text).unwrap_or_default().match_indices("\\u0000").any(|(at, _)| {
        let slashes = text[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        slashes % 2 == 0
    })
}

/// Returns the path to the first string that contains a NUL; for the name of a member, to its object.
fn nul_within(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| Some(format!("[{index}]{}", joined(&nul_within(item)?)))),
        Value::Object(members) => members.iter().find_map(|(name, value)| match name.contains('\0') {
            true => Some(String::new()),
            false => Some(format!("{name}{}", joined(&nul_within(value)?))),
        }),
        _ => None,
    }
}

/// Returns the rest of a path as it follows a part.
fn joined(rest: &str) -> String {
    if rest.is_empty() || rest.starts_with('[') { rest.to_owned() } else { format!(".{rest}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(text: &str) -> (Option<String>, String) {
        match without_nul(text.as_bytes()).unwrap_err() {
            BodyError::Refused { place, problem } => (place, problem),
            BodyError::NotJson(error) => panic!("{text}: {error}"),
        }
    }

    #[test]
    fn half_an_emoji_is_read_as_the_replacement_character() {
        assert_eq!(body(br#"{"text":"bees \ud83d"}"#).unwrap(), json!({ "text": "bees \u{fffd}" }));
        assert_eq!(body(br#"{"text":"bees \ud83d\udc1d"}"#).unwrap(), json!({ "text": "bees 🐝" }));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_place() {
        let nul = "contains a NUL character";
        for (text, place) in [
            (r#"{"a":{"b":[1,"x\u0000"]}}"#, Some("a.b[1]")),
            (r#"{"a":[[{"c":"\\\u0000"}]]}"#, Some("a[0][0].c")),
            (r#"{"a":{"\u0000":1}}"#, Some("a")),
            (r#""\u0000""#, None),
        ] {
            assert_eq!(told(text), (place.map(str::to_owned), nul.to_owned()), "{text}");
        }
        assert!(without_nul(br#"{"a":"\\u0000"}"#).is_ok());
        let long = r#"{"metadata":{"m":1,"n":12345678901234567890123}}"#;
        let problem = "has more than 64 bits, send it as a string";
        assert_eq!(told(long), (Some("metadata.n".to_owned()), problem.to_owned()));
        assert_eq!(told(&"[".repeat(200)), (None, "nests deeper than 127 levels".to_owned()));
        assert!(body("[".repeat(127).as_bytes()).is_err_and(|error| matches!(error, BodyError::NotJson(_))));
    }
}
