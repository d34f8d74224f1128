//! A parsed filter: conditions and their combinations.
//!
//! There is no "not equal" and no "is null": `ne` is the negation of `eq`, and negation means "everything else".

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::access::{Classification, ScopeName};
use crate::ids::{MemoryId, UserId};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// All of them; true if there are none.
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
    /// Has one of these classes.
    Class(Vec<Classification>),
    /// Was added by one of these accounts.
    Author(Vec<UserId>),
    /// Visible in one of these scopes. `path` locates the condition in the error for an unknown scope.
    Scope {
        names: Vec<ScopeName>,
        path: String,
    },
}

/// A kind of label that mem0's clients give to memories.
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
    /// The name of its field in a filter.
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
    /// At or after this time.
    From(T),
    /// Before this time.
    Before(T),
    /// In one of these half-open spans: from the first time up to, but not including, the second.
    Within(Vec<(T, T)>),
    Present,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum CategoryTest {
    /// Has one of these categories.
    OneOf(Vec<String>),
    /// Has a category that contains this, in any case.
    Containing(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum MetadataTest {
    /// The metadata contain this object.
    Includes(Value),
    /// The value at this path contains this: a substring, an element, or a contained object.
    HasPart { path: Vec<String>, part: Value },
    /// The value at this path exists and is not JSON's `null`.
    Present { path: Vec<String> },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ContentTest {
    Equals(String),
    Containing(String),
    /// Contains each of these, in any case.
    ContainingAll(Vec<String>),
}
