//! `scope` in requests.

use shared::access::ScopeName;
use shared::memory::{ScopeParam, Scopes};
use shared::{Error, Result};

/// The one scope that something is done in; their own by default.
pub(crate) fn one(text: Option<&str>) -> Result<ScopeName> {
    text.map_or(Ok(ScopeName::Personal), |text| {
        text.parse().map_err(|message: String| Error::invalid("scope", message))
    })
}

/// The scopes that are looked at. By default their own; all of them if the filter names scopes, because it then says
/// itself which are meant.
pub(crate) fn many(param: Option<&ScopeParam>, filter_names_scopes: bool) -> Result<Scopes> {
    match param {
        None if filter_names_scopes => Ok(Scopes::All),
        None => Ok(Scopes::Personal),
        Some(param) => param.read(),
    }
}

/// The same from a query string, where there is no list.
pub(crate) fn in_query(text: Option<&str>) -> Result<Scopes> {
    many(text.map(|text| ScopeParam::One(text.to_owned())).as_ref(), false)
}
