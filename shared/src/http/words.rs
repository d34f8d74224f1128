//! Error messages for requests, in terms of JSON and of URLs instead of Rust types.

/// Returns the missing field, if there is one, and the message.
pub(super) fn in_words(message: &str) -> (Option<String>, String) {
    if let Some(name) = message.strip_prefix("missing field ") {
        return (Some(name.trim_matches('`').to_owned()), "is missing".to_owned());
    }
    if let Some(text) = unknown_variant(message) {
        return (None, text);
    }
    let message = &message
        .replace("invalid type: sequence,", "invalid type: a list,")
        .replace("invalid type: map,", "invalid type: an object,");
    if let Some((before, kind)) = message.rsplit_once("expected ") {
        let known = match kind {
            "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => {
                Some("an integer")
            }
            "f32" | "f64" => Some("a number"),
            "a sequence" => Some("a list"),
            "a map" => Some("an object"),
            _ => None,
        };
        if let Some(known) = known {
            return (None, format!("{before}expected {known}"));
        }
    }
    let expected = match message.as_str() {
        // `std::num::ParseIntError`
        "invalid digit found in string"
        | "cannot parse integer from empty string"
        | "number too large to fit in target type"
        | "number too small to fit in target type" => "an integer",
        // `std::num::ParseFloatError`
        "invalid float literal" | "cannot parse float from empty string" => "a number",
        // `std::str::ParseBoolError`
        "provided string was not `true` or `false`" => "true or false",
        // `chrono::ParseError`
        "input contains invalid characters"
        | "input is not enough for unique date and time"
        | "input is out of range"
        | "no possible date and time matching input"
        | "premature end of input"
        | "trailing input" => "a time, RFC 3339 as in 2026-11-22T09:30:00Z",
        _ => return (None, message.to_owned()),
    };
    (None, format!("expected {expected}"))
}

/// Says which values are known instead of a given one, as serde names variants of an enum.
fn unknown_variant(message: &str) -> Option<String> {
    let (found, known) = message.strip_prefix("unknown variant `")?.rsplit_once("`, expected ")?;
    let known = known.trim_start_matches("one of ").replace('`', "");
    Some(format!("expected {known}, found {found:?}"))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn words(message: impl ToString) -> String {
        in_words(&message.to_string()).1
    }

    #[test]
    fn what_a_parser_says_is_said_without_its_types() {
        assert_eq!(words("x".parse::<i64>().unwrap_err()), "expected an integer");
        assert_eq!(words("99999999999999999999".parse::<i64>().unwrap_err()), "expected an integer");
        assert_eq!(words("".parse::<u32>().unwrap_err()), "expected an integer");
        assert_eq!(words("x".parse::<f32>().unwrap_err()), "expected a number");
        assert_eq!(words("yes".parse::<bool>().unwrap_err()), "expected true or false");
        let unknown = "unknown variant `xml`, expected `jsonl` or `csv`";
        assert_eq!(words(unknown), "expected jsonl or csv, found \"xml\"");
        let unknown = "unknown variant `a`b`, expected one of `c`, `d`, `e`";
        assert_eq!(words(unknown), "expected c, d, e, found \"a`b\"");
        for text in ["yesterday", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00Z!", ""] {
            let said = words(text.parse::<DateTime<Utc>>().unwrap_err());
            assert_eq!(said, "expected a time, RFC 3339 as in 2026-11-22T09:30:00Z", "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_the_field() {
        assert_eq!(in_words("missing field `query`"), (Some("query".to_owned()), "is missing".to_owned()));
        assert_eq!(
            words("invalid type: sequence, expected a string"),
            "invalid type: a list, expected a string"
        );
        assert_eq!(words("invalid type: map, expected f64"), "invalid type: an object, expected a number");
        let said = in_words("invalid type: string \"x\", expected i64");
        assert_eq!(said, (None, "invalid type: string \"x\", expected an integer".to_owned()));
    }
}
