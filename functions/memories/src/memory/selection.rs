//! The memories that a search or list selects: mem0's `filters`, and the fields beside it that express the same.

use serde_json::{Value, json};
use shared::memory::filter::Filter;
use shared::memory::{ScopeParam, Scopes};
use shared::{Error, Result};

use crate::scope;

/// The selecting fields that searches and lists share.
pub(crate) struct Selection<'a> {
    pub(crate) filters: Option<&'a Value>,
    pub(crate) categories: Option<&'a [String]>,
    pub(crate) metadata: Option<&'a Value>,
    pub(crate) scope: Option<&'a ScopeParam>,
    pub(crate) show_expired: bool,
}

impl Selection<'_> {
    pub(crate) fn read(&self) -> Result<(Filter, Scopes)> {
        if self.show_expired {
            return Err(Error::invalid("show_expired", "expired memories are never returned"));
        }
        let mut filter = Filter::parse(self.filters.unwrap_or(&Value::Null))?;
        let scopes = scope::many(self.scope, !filter.scopes().is_empty())?;
        // mem0 treats an empty list as absent.
        if let Some(categories) = self.categories.filter(|categories| !categories.is_empty()) {
            filter = filter.and(beside("categories", &json!({ "in": categories }))?);
        }
        if let Some(metadata) = self.metadata.filter(|metadata| !metadata.is_null()) {
            filter = filter.and(beside("metadata", metadata)?);
        }
        Ok((filter, scopes))
    }
}

/// Parses a condition beside `filters`; errors name its own path.
pub(crate) fn beside(field: &str, value: &Value) -> Result<Filter> {
    Filter::parse(&json!({ field: value })).map_err(|error| {
        let path = error.path.strip_prefix("filters.").unwrap_or(&error.path).to_owned();
        Error::invalid(path, error.message)
    })
}

/// `user_id`, `agent_id`, `app_id` and `run_id` beside `filters`. mem0 refuses them there, and so do we, because older
/// clients mean something else by them.
pub(crate) struct TopLevelNames<'a>(pub(crate) [&'a Option<Value>; 4]);

impl TopLevelNames<'_> {
    pub(crate) fn refuse(&self) -> Result<()> {
        let names = ["user_id", "agent_id", "app_id", "run_id"];
        match names.iter().zip(self.0).find(|(_, value)| value.is_some()) {
            Some((name, _)) => Err(Error::invalid(
                *name,
                format!("belongs into filters: {{\"filters\": {{\"{name}\": …}}}}"),
            )),
            None => Ok(()),
        }
    }
}
