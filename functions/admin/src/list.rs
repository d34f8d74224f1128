//! What every list takes.

use serde::Deserialize;
use shared::error::Result;
use shared::page;

/// `?cursor=&limit=` and nothing else.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub(crate) cursor: Option<String>,
    pub(crate) limit: Option<i64>,
}

impl Part {
    pub(crate) fn read(&self) -> Result<(Option<&str>, u32)> {
        Ok((self.cursor.as_deref(), page::limit(self.limit)?))
    }
}
