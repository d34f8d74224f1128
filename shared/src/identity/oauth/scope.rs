//! OAuth scopes: the verbs of API keys, under the same names.

use super::{Code, OAuthError, Result};
use crate::access::ApiKeyVerb;

/// The default scopes for an application that requests none: what an assistant's memory needs.
pub const DEFAULT: [ApiKeyVerb; 2] = [ApiKeyVerb::MemoriesRead, ApiKeyVerb::MemoriesWrite];

/// Requested by applications that want refresh tokens, which they get anyway.
pub const OFFLINE: &str = "offline_access";

/// Parses the requested scopes. Unknown names are ignored (RFC 6749 section 3.3), unless there are no others.
pub fn parse(scope: Option<&str>) -> Result<Vec<ApiKeyVerb>> {
    let asked: Vec<&str> = scope.unwrap_or_default().split(' ').filter(|name| !name.is_empty()).collect();
    let mut verbs: Vec<ApiKeyVerb> = asked.iter().filter_map(|name| name.parse().ok()).collect();
    if verbs.is_empty() {
        if asked.iter().any(|name| *name != OFFLINE) {
            let known = print(&ApiKeyVerb::ALL).replace(' ', ", ");
            return Err(OAuthError::new(
                Code::InvalidScope,
                format!("none of the scopes asked for is known; there are {known}"),
            ));
        }
        verbs = DEFAULT.to_vec();
    }
    verbs.sort_unstable();
    verbs.dedup();
    Ok(verbs)
}

/// Narrows what was granted to what is requested now; returns all of it if nothing is requested.
pub(super) fn narrow(granted: &[ApiKeyVerb], scope: Option<&str>) -> Result<Vec<ApiKeyVerb>> {
    let Some(scope) = scope else { return Ok(granted.to_vec()) };
    let asked = parse(Some(scope))?;
    match asked.iter().find(|verb| !granted.contains(verb)) {
        None => Ok(asked),
        Some(verb) => Err(OAuthError::new(Code::InvalidScope, format!("{} was not granted", verb.as_str()))),
    }
}

/// Formats scopes as requests and responses spell them.
#[must_use]
pub fn print(verbs: &[ApiKeyVerb]) -> String {
    verbs.iter().map(|verb| verb.as_str()).collect::<Vec<_>>().join(" ")
}

/// The scopes as the database stores them.
pub(super) fn names(verbs: &[ApiKeyVerb]) -> Vec<&'static str> {
    verbs.iter().map(|verb| verb.as_str()).collect()
}

/// Reads scopes from the database; unknown ones grant nothing.
pub(super) fn stored(names: &[String]) -> Vec<ApiKeyVerb> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_out_but_never_everything() {
        assert_eq!(parse(None).unwrap(), DEFAULT);
        assert_eq!(parse(Some("offline_access")).unwrap(), DEFAULT);
        assert_eq!(
            parse(Some("openid tenancy:read  memories:read memories:read")).unwrap(),
            [ApiKeyVerb::MemoriesRead, ApiKeyVerb::TenancyRead]
        );
        assert!(parse(Some("openid email")).is_err());
    }

    #[test]
    fn a_refresh_gives_no_more_than_was_granted() {
        let granted = [ApiKeyVerb::MemoriesRead];
        assert_eq!(narrow(&granted, None).unwrap(), granted);
        assert_eq!(narrow(&granted, Some("memories:read")).unwrap(), granted);
        assert!(narrow(&granted, Some("memories:read memories:write")).is_err());
    }
}
