//! A configuration as setup edits it, whatever its format: named members that hold texts,
//! lists of texts, or further members.

use anyhow::Result;

/// A JSON object or a TOML table. What is already right is not touched.
pub(super) trait Members {
    fn has(&self, name: &str) -> bool;

    /// Returns a member that is a text.
    fn text(&self, name: &str) -> Option<String>;

    /// Returns a member that is true or false.
    fn truth(&self, name: &str) -> Option<bool>;

    /// Returns a member that is a list of texts only.
    fn texts(&self, name: &str) -> Option<Vec<String>>;

    fn set_text(&mut self, name: &str, text: &str) -> Result<()>;

    fn set_texts(&mut self, name: &str, texts: &[&str]) -> Result<()>;

    fn remove(&mut self, name: &str);

    /// Returns the members of a member, creating it if it does not exist or is null. Fails if it holds something else.
    fn inner(&mut self, name: &str) -> Result<Box<dyn Members + '_>>;
}
