//! Resource indicators (RFC 8707): the audience of a token.

use super::{Code, OAuthError, Result};
use crate::access::MCP;
use crate::loopback;

/// Returns the audience of a token: the MCP endpoint, or the whole installation. The default is the former, which is
/// less.
pub(super) fn audience(issuer: &str, resources: &[String]) -> Result<String> {
    let (all, mcp) = (issuer.to_owned(), format!("{issuer}{MCP}"));
    let mut asked = resources.iter().map(|resource| {
        // `https://mem0.example/` and `https://mem0.example` are the same resource (RFC 3986 section 6.2.3).
        let resource = resource.strip_suffix('/').unwrap_or(resource);
        [&all, &mcp]
            .into_iter()
            .find(|known| loopback::are_same(known, resource))
            .ok_or_else(|| OAuthError::new(Code::InvalidTarget, format!("resource must be {mcp} or {all}")))
    });
    let first = asked.next().transpose()?.unwrap_or(&mcp);
    for other in asked {
        if other? != first {
            return Err(OAuthError::new(Code::InvalidTarget, "a token is for one resource, ask for each"));
        }
    }
    Ok(first.clone())
}

/// Returns the audience of a new token under a grant: what was granted, or the endpoint if the whole installation was
/// granted.
pub(super) fn narrow(issuer: &str, granted: &str, resources: &[String]) -> Result<String> {
    if resources.is_empty() {
        return Ok(granted.to_owned());
    }
    let asked = audience(issuer, resources)?;
    if asked == granted || granted == issuer {
        return Ok(asked);
    }
    Err(OAuthError::new(Code::InvalidTarget, format!("only {granted} was granted")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://mem0.example";

    fn of(resources: &[&str]) -> Option<String> {
        audience(ISSUER, &resources.iter().map(ToString::to_string).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn only_our_own_resources_have_tokens() {
        assert_eq!(of(&[]).unwrap(), "https://mem0.example/mcp");
        assert_eq!(of(&["https://mem0.example/mcp"]).unwrap(), "https://mem0.example/mcp");
        assert_eq!(of(&["https://mem0.example/"]).unwrap(), ISSUER);
        assert_eq!(of(&["https://mem0.example", "https://mem0.example"]).unwrap(), ISSUER);
        for wrong in
            ["https://evil.example/mcp", "https://mem0.example/mcp/x", "https://mem0.example/v1", "", "x"]
        {
            assert_eq!(of(&[wrong]), None, "{wrong}");
        }
        assert_eq!(of(&["https://mem0.example", "https://mem0.example/mcp"]), None);
    }

    #[test]
    fn a_resource_on_this_machine_has_several_names() {
        let of = |resource: &str| audience("http://127.0.0.1:13370", &[resource.to_owned()]).ok();
        for same in ["http://localhost:13370/mcp", "http://[::1]:13370/mcp", "http://127.0.0.1:13370/mcp"] {
            assert_eq!(of(same).as_deref(), Some("http://127.0.0.1:13370/mcp"), "{same}");
        }
        assert_eq!(of("http://localhost:13370/").as_deref(), Some("http://127.0.0.1:13370"));
        for other in ["http://localhost:1/mcp", "http://localhost/mcp", "https://localhost:13370/mcp"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn what_was_granted_for_the_endpoint_is_never_good_for_more() {
        let mcp = "https://mem0.example/mcp".to_owned();
        assert!(narrow(ISSUER, &mcp, &[ISSUER.to_owned()]).is_err());
        assert_eq!(narrow(ISSUER, ISSUER, std::slice::from_ref(&mcp)).unwrap(), mcp);
        assert_eq!(narrow(ISSUER, &mcp, &[]).unwrap(), mcp);
    }
}
