//! The filter grammar of mem0, extended by `scope`, `classification` and `author_id`: selects the memories that a request is about.
//!
//! ```json
//! {"AND": [{"user_id": "ada"}, {"created_at": {"gte": "2026-01-01"}}, {"NOT": {"categories": {"in": ["spam"]}}}]}
//! ```
//!
//! A filter is untrusted JSON until [`Filter::parse`] has read it; then it is either compiled to SQL
//! ([`Filter::compile`]) or evaluated for one memory ([`Filter::matches`]). Both give the same result for every memory,
//! which a property test checks. Nothing here does I/O.
//!
//! # Meaning
//! - `AND` and `OR` take a list; `NOT` takes an object or a list, of which none may match. Sibling keys must all match,
//!   including `AND` beside `OR`, and so must sibling operators.
//! - A bare value means `eq`, a bare list `in`, a bare `"*"` "has any value", where the field allows it (`field.rs`).
//!   `"*"` is never itself a value: `{"eq": "*"}` is the same wildcard.
//! - Logic is two-valued. A memory without an `agent_id` is not equal to any agent, so `ne`, `NOT` and their
//!   combinations include it. (The same as in mem0: combine `ne` with `"*"` to exclude such memories.)
//! - Times (`created_at`, `updated_at`, `timestamp`) are RFC 3339, a date-time without offset (UTC), or a date, which
//!   is the whole UTC day: `lte 2026-11-22` includes that day, `gt` begins after it, equality is anywhere in it.
//! - `expiration_date` is a calendar day; only the UTC date of a date-time counts.
//! - `categories`: `in` is exact, `contains` matches part of a category in any case.
//! - `metadata`: `{"metadata": {"source": "email", "trip": {"year": 2026}}}`. A value means that the metadata *contain*
//!   it at that key, as `jsonb @>` does: nested objects may have more keys, lists more elements in any order, numbers
//!   compare by value, `null` is JSON's null. `{"source": {"ne": "email"}}` is the negation of that and matches when
//!   the key is missing. `contains` looks inside: a substring, a list element, a part of an object. An object whose
//!   keys are operator names is read as operators; write such a value as `{"eq": {"in": 1}}`.
//!   `{"metadata.source": "email"}` is short for `{"metadata": {"source": "email"}}`.
//! - `text` is the memory's text; `keywords` matches a substring of it (`contains`, or `icontains` in any case);
//!   `keywords_search` matches each of its words, in any case and order.
//! - `scope`: the memory is visible in that scope: it lives there or is shared to it.
//! - `classification`: classes compare by how confidential they are: `gte confidential` is confidential or restricted.
//! - `author_id`: the account that added the memory, whatever its labels say.
//!
//! # Limits
//! Logical operators and metadata nest at most [`MAX_DEPTH`] deep, a filter has at most [`MAX_NODES`] parts, a list at
//! most [`MAX_LIST`] values, a value at most [`MAX_TEXT`] characters, a substring to search for at most [`MAX_NEEDLE`].
//! NUL, which PostgreSQL cannot store, is refused.
//!
//! Start reading at `field.rs` (what can be tested), then `parse.rs` and `compile.rs`.
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

/// Maximum nesting depth of logical operators, and of objects and lists in metadata.
pub const MAX_DEPTH: usize = 16;
/// Maximum number of conditions, logical operators and metadata values in a filter.
pub const MAX_NODES: usize = 256;
/// Maximum number of values in a list.
pub const MAX_LIST: usize = 1000;
/// Maximum length of a value in characters.
pub const MAX_TEXT: usize = 1024;
/// Maximum length, in characters, of a substring to search for.
pub const MAX_NEEDLE: usize = 256;

/// A parsed filter. An empty one matches every memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    root: Node,
}

/// What is wrong with a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct FilterError {
    /// The location in the request: `filters.AND[1].created_at`.
    pub path: String,
    /// What is wrong there and what is expected.
    pub message: String,
}

impl From<FilterError> for crate::Error {
    fn from(error: FilterError) -> Self {
        Self::invalid(error.path, error.message)
    }
}

impl Filter {
    /// Returns the filter that matches every memory.
    #[must_use]
    pub fn everything() -> Self {
        Self { root: Node::All(Vec::new()) }
    }

    /// Parses a filter. `null` and `{}` are the empty filter.
    ///
    /// # Errors
    /// Fails at the first part that violates the grammar or exceeds a limit.
    pub fn parse(filters: &Value) -> Result<Self, FilterError> {
        parse::filter(filters).map(|root| Self { root })
    }

    /// Returns a filter that matches when both do.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { root: Node::All(vec![self.root, other.root]) }
    }

    /// Returns whether it has no conditions, and so matches every memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        fn says_nothing(node: &Node) -> bool {
            matches!(node, Node::All(nodes) if nodes.iter().all(says_nothing))
        }
        says_nothing(&self.root)
    }

    /// Returns the entities that every matching memory must have, so that a caller can choose a selective index:
    /// equalities outside any `OR` or `NOT`.
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

    /// Returns every scope that it names, without repetitions: they must be looked up before [`Filter::compile`].
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
