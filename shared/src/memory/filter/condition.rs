//! A parsed filter: conditions, and how they are combined.
//!
//! There is no "not equal" and no "is null": `ne` is the negation of `eq`, and negation means "everything else".

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::access::ScopeName;
use crate::ids::MemoryId;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// All of them; true when there are none.
    All(Vec<Node>),
    /// At least one of them.
    Any(Vec<Node>),
    Not(Box<Node>),
    Is(Condition),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Entity(Entity, EntityTest),
    Time(TimeField, TimeTest<DateTime<Utc>>),
    Expiry(TimeTest<NaiveDate>),
    Category(CategoryTest),
    Metadata(MetadataTest),
    Content(ContentTest),
    Id(Vec<MemoryId>),
    /// Visible in one of these scopes. The path of the condition is kept for the error when there is no such scope.
    Scope {
        names: Vec<ScopeName>,
        path: String,
    },
}

/// A kind of name that mem0's clients give to what a memory belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entity {
    /// `user_id`
    User,
    /// `agent_id`
    Agent,
    /// `app_id`
    App,
    /// `run_id`
    Run,
}

impl Entity {
    /// The field that asks for it.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::User => "user_id",
            Self::Agent => "agent_id",
            Self::App => "app_id",
            Self::Run => "run_id",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum EntityTest {
    OneOf(Vec<String>),
    Present,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeField {
    Created,
    Updated,
    Occurred,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TimeTest<T> {
    /// At this time or later.
    From(T),
    /// Earlier than this time.
    Before(T),
    /// In one of these spans: from the first up to, not including, the second.
    Within(Vec<(T, T)>),
    Present,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum CategoryTest {
    /// Has one of these categories.
    OneOf(Vec<String>),
    /// Has a category with this in it, in any case.
    Containing(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum MetadataTest {
    /// The metadata contain this object.
    Includes(Value),
    /// What stands at this path has this as a part: as a substring, an element, or a contained object.
    HasPart { path: Vec<String>, part: Value },
    /// Something other than JSON's `null` stands at this path.
    Present { path: Vec<String> },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ContentTest {
    Equals(String),
    Containing(String),
    /// Each of these occurs, in any case.
    ContainingAll(Vec<String>),
}
