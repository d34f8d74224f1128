//! `scope` in requests.

use shared::access::ScopeName;
use shared::memory::{ScopeParam, Scopes};
use shared::{Error, Result};

/// Returns the one scope of an operation, by default the personal one.
pub(crate) fn one(text: Option<&str>) -> Result<ScopeName> {
    text.map_or(Ok(ScopeName::Personal), |text| {
        text.parse().map_err(|message: String| Error::invalid("scope", message))
    })
}

/// Returns the scopes to look in. The default is the personal one, or all if the filter names scopes,
/// because then the filter selects them.
pub(crate) fn many(param: Option<&ScopeParam>, filter_names_scopes: bool) -> Result<Scopes> {
    match param {
        None if filter_names_scopes => Ok(Scopes::All),
        None => Ok(Scopes::Personal),
        Some(param) => param.read(),
    }
}

/// The same for a query string, which cannot hold a list.
pub(crate) fn in_query(text: Option<&str>) -> Result<Scopes> {
    many(text.map(|text| ScopeParam::One(text.to_owned())).as_ref(), false)
}
