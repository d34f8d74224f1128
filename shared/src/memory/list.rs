//! Listing: every memory that matches a filter, newest first.

use crate::access::{Action, AuthContext, TenantTx};
use crate::audit::{self, Entry};
use crate::error::Result;
use crate::memory::filter::Filter;
use crate::memory::service::resolve;
use crate::memory::store::condition::{Condition, Selection};
use crate::memory::{Homes, Memories, Memory, Scopes, store};
use crate::page::{Cursor, Page};

/// A request to list memories.
#[derive(Debug, Clone)]
pub struct List {
    /// Which memories to list.
    pub filter: Filter,
    /// The scopes to look in.
    pub scopes: Scopes,
    /// Leaves out what a newer memory has superseded.
    pub latest_only: bool,
    /// The requested part of the list.
    pub part: Part,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A numbered page, with the total count.
    Page(Page),
    /// The given number of memories after a cursor or from the start, plus one more that tells whether the list
    /// continues.
    After(Option<Cursor>, u32),
}

/// Part of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The memories, newest first.
    pub memories: Vec<Memory>,
    /// The total number of memories; only counted for numbered pages.
    pub count: Option<u64>,
}

impl Memories {
    /// Lists part of the memories that match the filter.
    pub async fn list(&self, caller: &AuthContext, request: List) -> Result<Listed> {
        let scopes = resolve(caller, &request.scopes, Action::ReadMemories)?;
        let selection = Selection {
            scopes: &scopes,
            filter: &request.filter,
            latest_only: request.latest_only,
            homes: None,
            expired: false,
        };
        let condition = Condition::new(caller, &selection)?;
        let tx = caller.begin(&self.gate.db, "memory.list").await?;
        let listed = match request.part {
            Part::Page(page) => {
                let count = store::list::count(&tx, &condition).await?;
                let (limit, offset) = (i64::from(page.size), page.offset());
                let memories = store::list::list(&tx, condition, None, limit, offset).await?;
                Listed { memories, count: Some(count) }
            }
            Part::After(place, size) => {
                let memories = store::list::list(&tx, condition, place, i64::from(size) + 1, 0).await?;
                Listed { memories, count: None }
            }
        };
        let shown = Entry::of("memory.list").memories(listed.memories.iter().map(|memory| memory.id));
        let shown = shown.classified(listed.memories.iter().map(|memory| memory.classification));
        audit::commit_read(tx, shown.within_one_of(&scopes)).await?;
        Ok(listed)
    }

    /// Returns the newest memories of several disjoint lists that match the filter, in the still open transaction, for
    /// a caller that shows more of them there and must record the access itself.
    pub(crate) async fn newest<'a>(
        &self,
        caller: &'a AuthContext,
        filter: &Filter,
        latest_only: bool,
        lists: Vec<Newest>,
    ) -> Result<(TenantTx<'a>, Vec<Memory>)> {
        let tx = caller.begin(&self.gate.db, "memory.list_newest").await?;
        let mut found: Vec<Memory> = Vec::new();
        for list in lists {
            let scopes = resolve(caller, &list.scopes, Action::ReadMemories)?;
            let homes = Some(&list.homes);
            let selection = Selection { scopes: &scopes, filter, latest_only, homes, expired: false };
            let condition = Condition::new(caller, &selection)?;
            found.extend(store::list::newest(&tx, condition, &list.homes, i64::from(list.most)).await?);
        }
        Ok((tx, found))
    }
}

/// The newest memories of some scopes.
#[derive(Debug, Clone)]
pub(crate) struct Newest {
    /// The scopes in which they are seen.
    pub(crate) scopes: Scopes,
    /// The scopes in which they live.
    pub(crate) homes: Homes,
    /// The maximum number.
    pub(crate) most: u32,
}
