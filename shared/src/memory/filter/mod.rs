//! The filter grammar of mem0, and our `scope`: which memories a request is about.
//!
//! ```json
//! {"AND": [{"user_id": "ada"}, {"created_at": {"gte": "2026-01-01"}}, {"NOT": {"categories": {"in": ["spam"]}}}]}
//! ```
//!
//! A filter is JSON text of a stranger until [`Filter::parse`] has read it; then it is either turned into SQL
//! ([`Filter::compile`]) or asked about one memory ([`Filter::matches`]). Both give the same answer for every memory:
//! a property test holds them against each other. Nothing here does I/O.
//!
//! # Meaning
//! - `AND` and `OR` take a list; `NOT` an object or a list, and then none of the list may hold. Keys beside each other
//!   must all hold, also `AND` beside `OR`, and so must operators beside each other.
//! - A bare value is `eq`, a bare list `in`, a bare `"*"` "has any value", where the field allows it (`field.rs`).
//!   `"*"` is never itself a value: `{"eq": "*"}` is the same wildcard.
//! - Logic is two-valued. A memory without an `agent_id` is not equal to any agent, so `ne`, `NOT` and their
//!   combinations include it. (mem0 says the same: pair `ne` with `"*"` to leave such memories out.)
//! - Times (`created_at`, `updated_at`, `timestamp`) are RFC 3339, a date-time without offset (UTC), or a date, which
//!   is the whole UTC day: `lte 2026-11-22` includes that day, `gt` begins after it, equality is anywhere in it.
//! - `expiration_date` is a calendar day; of a date-time only its UTC date counts.
//! - `categories`: `in` is exact, `contains` finds part of a category in any case.
//! - `metadata`: `{"metadata": {"source": "email", "trip": {"year": 2026}}}`. A value means that the metadata *contain*
//!   it at that key, as `jsonb @>` does: nested objects may have more keys, lists more elements in any order, numbers
//!   compare by value, `null` is JSON's null. `{"source": {"ne": "email"}}` is the negation of that and holds when
//!   the key is missing. `contains` looks inside: a part of a string, an element of a list, a part of an object.
//!   An object whose keys are names of operators is read as operators; write such a value as
//!   `{"eq": {"in": 1}}`. `{"metadata.source": "email"}` is short for `{"metadata": {"source": "email"}}`.
//! - `text` is the memory's text; `keywords` looks for a part of it (`contains`, or `icontains` in any case);
//!   `keywords_search` for each of its words, in any case and order.
//! - `scope`: the memory can be seen in that scope: it lives there or is shared to it.
//!
//! # Limits
//! Logical operators and metadata nest at most [`MAX_DEPTH`] deep, a filter has at most [`MAX_NODES`] parts, a list at
//! most [`MAX_LIST`] values, a value at most [`MAX_TEXT`] characters, something to look for inside text at most
//! [`MAX_NEEDLE`]. NUL, which PostgreSQL cannot store, is refused.
//!
//! Start reading at `field.rs` (what may be asked), then `parse.rs` and `compile.rs`.
//!
//! Source: mem0 documentation, "Memory Filters" (docs/platform/features/v2-memory-filters.mdx).

mod case;
mod compile;
mod condition;
mod evaluate;
mod field;
mod json;
mod metadata;
mod moment;
mod operand;
mod parse;
mod path;
#[cfg(any(test, feature = "testing"))]
pub mod strategy;
#[cfg(test)]
mod tests;

pub use compile::{Compiled, Param};
pub use condition::Entity;
pub use evaluate::Record;
pub use field::{Field, Operator};

use condition::{Condition, EntityTest, Node};
use serde_json::Value;

use crate::access::ScopeName;

/// How deep logical operators may nest, and objects and lists in metadata.
pub const MAX_DEPTH: usize = 16;
/// How many conditions, logical operators and metadata values a filter may have.
pub const MAX_NODES: usize = 256;
/// How many values a list may have.
pub const MAX_LIST: usize = 1000;
/// How many characters a value may have.
pub const MAX_TEXT: usize = 1024;
/// How many characters something may have that is looked for inside text.
pub const MAX_NEEDLE: usize = 256;

/// A filter that has been understood. An empty one holds for every memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    root: Node,
}

/// What is wrong with a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct FilterError {
    /// The place in the request, `filters.AND[1].created_at`.
    pub path: String,
    /// What is wrong there and what would be right.
    pub message: String,
}

impl From<FilterError> for crate::Error {
    fn from(error: FilterError) -> Self {
        Self::invalid(error.path, error.message)
    }
}

impl Filter {
    /// Holds for every memory.
    #[must_use]
    pub fn everything() -> Self {
        Self { root: Node::All(Vec::new()) }
    }

    /// Reads a filter. `null` and `{}` are the empty filter.
    ///
    /// # Errors
    /// At the first thing that is not of the grammar or beyond a limit.
    pub fn parse(filters: &Value) -> Result<Self, FilterError> {
        parse::filter(filters).map(|root| Self { root })
    }

    /// Both filters must hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { root: Node::All(vec![self.root, other.root]) }
    }

    /// Whether it says nothing, and so holds for every memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        fn says_nothing(node: &Node) -> bool {
            matches!(node, Node::All(nodes) if nodes.iter().all(says_nothing))
        }
        says_nothing(&self.root)
    }

    /// The entities that every matching memory must have, so that a caller can choose a selective index:
    /// equalities that stand in no `OR` or `NOT`.
    #[must_use]
    pub fn entity_equalities(&self) -> Vec<(Entity, &str)> {
        fn collect<'a>(node: &'a Node, found: &mut Vec<(Entity, &'a str)>) {
            match node {
                Node::All(nodes) => nodes.iter().for_each(|node| collect(node, found)),
                Node::Is(Condition::Entity(entity, EntityTest::OneOf(values))) => {
                    if let [value] = values.as_slice() {
                        found.push((*entity, value));
                    }
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        collect(&self.root, &mut found);
        found
    }

    /// Every scope that is named anywhere, once each: what has to be looked up before [`Filter::compile`].
    #[must_use]
    pub fn scopes(&self) -> Vec<ScopeName> {
        fn collect(node: &Node, found: &mut Vec<ScopeName>) {
            match node {
                Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| collect(node, found)),
                Node::Not(node) => collect(node, found),
                Node::Is(Condition::Scope { names, .. }) => {
                    for name in names {
                        if !found.contains(name) {
                            found.push(*name);
                        }
                    }
                }
                Node::Is(_) => {}
            }
        }
        let mut found = Vec::new();
        collect(&self.root, &mut found);
        found
    }
}
