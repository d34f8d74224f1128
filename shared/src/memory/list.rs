//! Listing: every memory that a filter holds for, newest first.

use crate::access::{Action, AuthContext, TenantTx};
use crate::audit::{self, Entry};
use crate::error::Result;
use crate::memory::filter::Filter;
use crate::memory::service::resolve;
use crate::memory::store::condition::{Condition, Selection};
use crate::memory::{Homes, Memories, Memory, Scopes, store};
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

    /// The newest of several lists that have nothing in common and that the filter holds for, for who shows more of them in the same transaction, and has yet to
    /// record it.
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
    /// Where they are seen.
    pub(crate) scopes: Scopes,
    /// Where they live.
    pub(crate) homes: Homes,
    /// How many.
    pub(crate) most: u32,
}
