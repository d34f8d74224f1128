//! Pagination: `cursor` and `limit` in query strings, and for mem0's clients `page` and `page_size`, with mem0's
//! envelope around a numbered page.

use serde::{Deserialize, Serialize};
use shared::Result;
use shared::page::Page;

/// The query string of every numbered list.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageParams {
    pub(crate) page: Option<i64>,
    pub(crate) page_size: Option<i64>,
}

impl PageParams {
    pub(crate) fn read(self, default_size: i64) -> Result<Page> {
        Ok(Page::new(self.page, self.page_size.or(Some(default_size)))?)
    }
}

/// A numbered page. `next` and `previous` are URLs relative to this installation.
#[derive(Debug, Serialize)]
pub(crate) struct Numbered<T> {
    count: u64,
    next: Option<String>,
    previous: Option<String>,
    results: Vec<T>,
}

impl<T> Numbered<T> {
    pub(crate) fn new(page: Page, path: &str, query: &[(&str, &str)], count: u64, results: Vec<T>) -> Self {
        let links = page.links(path, query, count);
        Self { count, next: links.next, previous: links.previous, results }
    }
}
