//! TOML edited in place: comments and everything already right stay as written.

use anyhow::{Context as _, Result, bail};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use super::members::Members;

/// Returns the text with its tables changed.
pub(super) fn edit(text: &str, change: impl FnOnce(&mut dyn Members) -> Result<()>) -> Result<String> {
    let mut document: DocumentMut = text.parse().context("it is not valid TOML")?;
    let before = document.to_string();
    change(&mut At { table: document.as_table_mut(), depth: 0 })?;
    let after = document.to_string();
    // An unchanged document is returned byte for byte.
    Ok(if after == before { text.to_owned() } else { after })
}

/// A table and its depth in the document.
struct At<'a> {
    table: &'a mut dyn TableLike,
    depth: usize,
}

impl At<'_> {
    fn set(&mut self, name: &str, mut new: Value) {
        match self.table.get_mut(name).and_then(Item::as_value_mut) {
            Some(known) => {
                // Keeps the comment after it.
                known.decor().clone_into(new.decor_mut());
                *known = new;
            }
            None => drop(self.table.insert(name, value(new))),
        }
    }
}

impl Members for At<'_> {
    fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.table.get(name)?.as_str().map(str::to_owned)
    }

    fn truth(&self, name: &str) -> Option<bool> {
        self.table.get(name)?.as_bool()
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        let list = self.table.get(name)?.as_array()?;
        list.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    }

    fn set_text(&mut self, name: &str, text: &str) -> Result<()> {
        if self.text(name).as_deref() != Some(text) {
            self.set(name, text.into());
        }
        Ok(())
    }

    fn set_texts(&mut self, name: &str, texts: &[&str]) -> Result<()> {
        if self.texts(name).is_none_or(|known| known != texts) {
            self.set(name, texts.iter().copied().collect::<Array>().into());
        }
        Ok(())
    }

    fn remove(&mut self, name: &str) {
        self.table.remove(name);
    }

    fn inner(&mut self, name: &str) -> Result<Box<dyn Members + '_>> {
        let depth = self.depth;
        let inner = self.table.entry(name).or_insert_with(|| made(depth));
        let Some(table) = inner.as_table_like_mut() else { bail!("{name} is not a table") };
        Ok(Box::new(At { table, depth: depth + 1 }))
    }
}

/// Creates a table in the usual style: `[servers.ours]`, and in it `env = { … }`.
fn made(depth: usize) -> Item {
    if depth > 1 {
        return value(InlineTable::new());
    }
    let mut table = Table::new();
    table.set_implicit(depth == 0);
    Item::Table(table)
}
