//! Listing: every memory that a filter holds for, newest first.

use crate::access::AuthContext;
use crate::error::{Error, Result};
use crate::memory::filter::Filter;
use crate::memory::{Memories, Memory, Scopes};
use crate::page::{Cursor, Page};

/// Which memories, and which part of the list of them.
#[derive(Debug, Clone)]
pub struct List {
    /// Which memories.
    pub filter: Filter,
    /// In which scopes.
    pub scopes: Scopes,
    /// Leaves out what a newer memory has superseded.
    pub latest_only: bool,
    /// Which part.
    pub part: Part,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A numbered page, with the count of all.
    Page(Page),
    /// What follows a place, or the beginning: so many, and one more that tells whether the list goes on.
    After(Option<Cursor>, u32),
}

/// Part of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The memories, newest first.
    pub memories: Vec<Memory>,
    /// How many there are in all; only counted for numbered pages.
    pub count: Option<u64>,
}

impl Memories {
    /// Part of the list of all memories that the filter holds for.
    pub async fn list(&self, caller: &AuthContext, request: List) -> Result<Listed> {
        let _ = (caller, request);
        Err(Error::Unavailable("listing is not written yet".to_owned()))
    }
}
