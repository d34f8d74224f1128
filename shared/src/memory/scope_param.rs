//! The `scope` parameter of requests that look at several scopes.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::access::ScopeName;
use crate::error::{Error, Result};
use crate::memory::Scopes;

/// Maximum number of scopes that one request may name.
const MAX_SCOPES: usize = 100;

/// `"all"`, the name of a scope, or a list of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeParam {
    /// `"all"`, or the name of a scope.
    One(String),
    /// A list of names.
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for ScopeParam {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let read = match Value::deserialize(deserializer)? {
            Value::String(name) => Some(Self::One(name)),
            names @ Value::Array(_) => Vec::deserialize(names).map(Self::Many).ok(),
            _ => None,
        };
        read.ok_or_else(|| D::Error::custom("expected the name of a scope, or a list of names"))
    }
}

impl ScopeParam {
    /// Parses the requested scopes.
    pub fn read(&self) -> Result<Scopes> {
        match self {
            Self::One(text) if text == "all" => Ok(Scopes::All),
            Self::One(text) => match text.parse::<ScopeName>() {
                Ok(name) => Ok(Scopes::Named(vec![name])),
                Err(message) => {
                    Err(Error::invalid("scope", format!("{message} (\"all\" means every scope)")))
                }
            },
            Self::Many(texts) if texts.is_empty() || texts.len() > MAX_SCOPES => {
                Err(Error::invalid("scope", format!("must name 1 to {MAX_SCOPES} scopes")))
            }
            Self::Many(texts) => {
                let names =
                    texts.iter().enumerate().map(|(index, text)| name(&format!("scope[{index}]"), text));
                names.collect::<Result<Vec<_>>>().map(Scopes::Named)
            }
        }
    }
}

fn name(field: &str, text: &str) -> Result<ScopeName> {
    text.parse().map_err(|message: String| Error::invalid(field, message))
}
