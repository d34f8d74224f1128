//! The headers in which a modern request repeats parts of its body, so that proxies can route without reading it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::Value;

use crate::fault::Fault;
use crate::message::Object;

pub(crate) const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";

/// Returns a header's value without surrounding whitespace, which is not part of it (RFC 9110, 5.5). Several values
/// are refused unless they are equal: it would be ambiguous which one counts.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Fault> {
    let mut found = None;
    for value in headers.get_all(name) {
        let value = value.to_str().map_err(|_| Fault::header(format!("{name} is not ASCII")))?.trim();
        if found.is_some_and(|found| found != value) {
            return Err(Fault::header(format!("{name} is given twice")));
        }
        found = Some(value);
    }
    Ok(found)
}

/// Checks that the headers of a modern message name the same method and target as the body.
pub(crate) fn agree(headers: &HeaderMap, method: &str, params: &Object) -> Result<(), Fault> {
    expect(headers, METHOD, method)?;
    let about = match method {
        "tools/call" | "prompts/get" => params.get("name"),
        "resources/read" => params.get("uri"),
        _ => None,
    };
    // A body without it is refused later, by the handler of the method.
    about.and_then(Value::as_str).map_or(Ok(()), |name| expect(headers, NAME, name))
}

fn expect(headers: &HeaderMap, name: &str, body: &str) -> Result<(), Fault> {
    let header =
        single(headers, name)?.ok_or_else(|| Fault::header(format!("the header {name} is missing")))?;
    match decode(header) {
        Some(value) if value == body => Ok(()),
        Some(value) => Err(Fault::header(format!("the header {name} is {value:?}, the body says {body:?}"))),
        None => Err(Fault::header(format!("the header {name} is not valid base64"))),
    }
}

/// Decodes a header value; `=?base64?…?=` holds text that headers cannot represent.
fn decode(value: &str) -> Option<Cow<'_, str>> {
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        None => Some(Cow::Borrowed(value)),
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok().map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_text() {
        assert_eq!(decode("search").as_deref(), Some("search"));
        assert_eq!(decode("=?base64?w7xiZXI=?=").as_deref(), Some("über"));
        assert_eq!(decode("=?base64?%%%?="), None);
    }
}
