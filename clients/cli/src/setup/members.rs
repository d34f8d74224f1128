//! A configuration as setup changes it, whatever it is written in: members with names, in which there are texts, lists of
//! texts and further members.

use anyhow::Result;

/// An object of JSON or a table of TOML. What is right already is not touched.
pub(super) trait Members {
    fn has(&self, name: &str) -> bool;

    /// A member that is a text.
    fn text(&self, name: &str) -> Option<String>;

    /// A member that is a list of nothing but texts.
    fn texts(&self, name: &str) -> Option<Vec<String>>;

    fn set_text(&mut self, name: &str, text: &str) -> Result<()>;

    fn set_texts(&mut self, name: &str, texts: &[&str]) -> Result<()>;

    fn remove(&mut self, name: &str);

    /// The members in a member, which is made if it is not there; an error if it holds something else.
    fn inner(&mut self, name: &str) -> Result<Box<dyn Members + '_>>;
}
