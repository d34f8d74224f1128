//! `scope` in requests.

use serde::Deserialize;
use shared::access::ScopeName;
use shared::memory::Scopes;
use shared::{Error, Result};

/// Scopes that one request may name.
const MAX_SCOPES: usize = 100;

/// `"all"`, the name of a scope, or a list of names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum ScopeParam {
    One(String),
    Many(Vec<String>),
}

/// The one scope that something is done in; their own by default.
pub(crate) fn one(text: Option<&str>) -> Result<ScopeName> {
    text.map_or(Ok(ScopeName::Personal), |text| name("scope", text))
}

/// The scopes that are looked at. By default their own; all of them if the filter names scopes, because it then says
/// itself which are meant.
pub(crate) fn many(param: Option<&ScopeParam>, filter_names_scopes: bool) -> Result<Scopes> {
    match param {
        None if filter_names_scopes => Ok(Scopes::All),
        None => Ok(Scopes::Personal),
        Some(ScopeParam::One(text)) if text == "all" => Ok(Scopes::All),
        Some(ScopeParam::One(text)) => name("scope", text).map(|name| Scopes::Named(vec![name])),
        Some(ScopeParam::Many(texts)) if texts.is_empty() || texts.len() > MAX_SCOPES => {
            Err(Error::invalid("scope", format!("must name 1 to {MAX_SCOPES} scopes")))
        }
        Some(ScopeParam::Many(texts)) => {
            let names = texts.iter().enumerate().map(|(index, text)| name(&format!("scope[{index}]"), text));
            names.collect::<Result<Vec<_>>>().map(Scopes::Named)
        }
    }
}

/// The same from a query string, where there is no list.
pub(crate) fn in_query(text: Option<&str>) -> Result<Scopes> {
    many(text.map(|text| ScopeParam::One(text.to_owned())).as_ref(), false)
}

fn name(field: &str, text: &str) -> Result<ScopeName> {
    text.parse().map_err(|message: String| Error::invalid(field, message))
}
