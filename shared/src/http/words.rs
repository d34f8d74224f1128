//! Error messages for requests, in terms of JSON and of URLs instead of Rust types.

/// Maximum number of characters of an unknown value that an answer repeats.
const LONGEST: usize = 64;

/// Returns the missing field, if there is one, and the message.
pub(super) fn in_words(message: &str) -> (Option<String>, String) {
    if let Some(name) = message.strip_prefix("missing field ") {
        return (Some(name.trim_matches('`').to_owned()), "is missing".to_owned());
    }
    if let Some(text) = unknown_variant(message) {
        return (None, text);
    }
    if let Some((before, kind)) = message.rsplit_once("expected ") {
        if let Some(found) = number(before)
            && let Some(limit) = limit(kind, found)
        {
            return (None, format!("{limit}, found {found}"));
        }
        let kind = match kind {
            "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => "an integer",
            "f32" | "f64" => "a number",
            "a sequence" => "a list",
            "a map" => "an object",
            "a boolean" => "true or false",
            // The value of an enum.
            "string or map" => "a string",
            kind => kind,
        };
        let found = ["invalid type: ", "invalid value: "].iter().find_map(|start| before.strip_prefix(start));
        return match found {
            Some(found) => {
                let found = match found.trim_end_matches(", ") {
                    "sequence" => "a list",
                    "map" => "an object",
                    found => number(before).unwrap_or(found),
                };
                (None, format!("expected {kind}, found {found}"))
            }
            None => (None, format!("{before}expected {kind}")),
        };
    }
    let expected = match message {
        // `std::num::ParseIntError`
        "invalid digit found in string" | "cannot parse integer from empty string" => "an integer",
        "number too large to fit in target type" => return (None, "is too large".to_owned()),
        "number too small to fit in target type" => return (None, "is too small".to_owned()),
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

/// The number that was found, as `serde` words it.
fn number(before: &str) -> Option<&str> {
    let found = ["invalid type: ", "invalid value: "].iter().find_map(|start| before.strip_prefix(start))?;
    let found = found.strip_prefix("integer `").or_else(|| found.strip_prefix("floating point `"))?;
    found.trim_end_matches(", ").strip_suffix('`')
}

/// Says what is wrong with an integer that the type cannot hold.
fn limit(kind: &str, found: &str) -> Option<&'static str> {
    let unsigned = matches!(kind, "u8" | "u16" | "u32" | "u64" | "usize");
    let whole = !found.contains(['.', 'e', 'E']);
    match found.starts_with('-') {
        true if unsigned && whole => Some("must be 0 or more"),
        _ if whole && (unsigned || matches!(kind, "i8" | "i16" | "i32" | "i64" | "isize")) => {
            Some("is out of range")
        }
        _ => None,
    }
}

/// Says which values are known instead of a given one, as serde names variants of an enum.
fn unknown_variant(message: &str) -> Option<String> {
    let (found, known) = message.strip_prefix("unknown variant `")?.rsplit_once("`, expected ")?;
    let found: String = found.chars().take(LONGEST).collect();
    Some(format!("expected {}, found {found:?}", known.replace('`', "")))
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
        assert_eq!(words("99999999999999999999".parse::<i64>().unwrap_err()), "is too large");
        assert_eq!(words("".parse::<u32>().unwrap_err()), "expected an integer");
        assert_eq!(words("x".parse::<f32>().unwrap_err()), "expected a number");
        assert_eq!(words("yes".parse::<bool>().unwrap_err()), "expected true or false");
        let unknown = "unknown variant `xml`, expected `jsonl` or `csv`";
        assert_eq!(words(unknown), "expected jsonl or csv, found \"xml\"");
        let unknown = "unknown variant `a`b`, expected one of `c`, `d`, `e`";
        assert_eq!(words(unknown), "expected one of c, d, e, found \"a`b\"");
        for text in ["yesterday", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00Z!", ""] {
            let said = words(text.parse::<DateTime<Utc>>().unwrap_err());
            assert_eq!(said, "expected a time, RFC 3339 as in 2026-11-22T09:30:00Z", "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_the_field() {
        assert_eq!(in_words("missing field `query`"), (Some("query".to_owned()), "is missing".to_owned()));
        assert_eq!(words("invalid type: sequence, expected a string"), "expected a string, found a list");
        assert_eq!(words("invalid type: integer `5`, expected string or map"), "expected a string, found 5");
        assert_eq!(words("invalid type: map, expected f64"), "expected a number, found an object");
        assert_eq!(
            words("invalid type: string \"x\", expected i64"),
            "expected an integer, found string \"x\""
        );
        assert_eq!(words("invalid value: integer `-1`, expected u16"), "must be 0 or more, found -1");
        assert_eq!(words("invalid value: integer `99999`, expected u16"), "is out of range, found 99999");
        assert_eq!(
            words("invalid type: floating point `2.5`, expected i64"),
            "expected an integer, found 2.5"
        );
        assert_eq!(words("invalid type: integer `7`, expected a string"), "expected a string, found 7");
        assert_eq!(words("invalid type: null, expected a boolean"), "expected true or false, found null");
    }
}
