//! Evaluates a [`Filter`] for one memory in Rust, with the same result as its SQL, for candidates already in memory.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::condition::{
    CategoryTest, Condition, ContentTest, Entity, EntityTest, MetadataTest, Node, TimeField, TimeTest,
};
use super::{Filter, case, json};
use crate::access::{Classification, ScopeName};
use crate::ids::{MemoryId, ScopeId, UserId};

/// The columns of a memory that a filter can test.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the columns that `Compiled` documents")]
pub struct Record<'a> {
    pub id: MemoryId,
    pub scope_ids: &'a [ScopeId],
    pub content: &'a str,
    pub metadata: &'a Value,
    pub categories: &'a [String],
    pub user_id: Option<&'a str>,
    pub agent_id: Option<&'a str>,
    pub app_id: Option<&'a str>,
    pub run_id: Option<&'a str>,
    pub occurred_at: Option<DateTime<Utc>>,
    pub expires_on: Option<NaiveDate>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub classification: Classification,
    pub author_id: UserId,
}

impl Filter {
    /// Returns whether the filter matches this memory. `scope_id` is as in [`Filter::compile`]; a scope without an id,
    /// which fails to compile, matches no memory.
    pub fn matches(&self, record: &Record<'_>, scope_id: impl Fn(&ScopeName) -> Option<ScopeId>) -> bool {
        holds(&self.root, record, &scope_id)
    }
}

fn holds(node: &Node, record: &Record<'_>, scope_id: &impl Fn(&ScopeName) -> Option<ScopeId>) -> bool {
    match node {
        Node::All(nodes) => nodes.iter().all(|node| holds(node, record, scope_id)),
        Node::Any(nodes) => nodes.iter().any(|node| holds(node, record, scope_id)),
        Node::Not(node) => !holds(node, record, scope_id),
        Node::Is(Condition::Scope { names, .. }) => {
            names.iter().filter_map(scope_id).any(|id| record.scope_ids.contains(&id))
        }
        Node::Is(condition) => condition_holds(condition, record),
    }
}

fn condition_holds(condition: &Condition, record: &Record<'_>) -> bool {
    match condition {
        Condition::Entity(entity, test) => {
            let name = match entity {
                Entity::User => record.user_id,
                Entity::Agent => record.agent_id,
                Entity::App => record.app_id,
                Entity::Run => record.run_id,
            };
            name.is_some_and(|name| match test {
                EntityTest::Present => true,
                EntityTest::OneOf(names) => names.iter().any(|one| one == name),
            })
        }
        Condition::Time(field, test) => {
            let time = match field {
                TimeField::Created => Some(record.created_at),
                TimeField::Updated => Some(record.updated_at),
                TimeField::Occurred => record.occurred_at,
            };
            time.is_some_and(|time| time_holds(test, &time))
        }
        Condition::Expiry(test) => record.expires_on.is_some_and(|day| time_holds(test, &day)),
        Condition::Category(CategoryTest::OneOf(names)) => {
            record.categories.iter().any(|has| names.contains(has))
        }
        Condition::Category(CategoryTest::Containing(part)) => {
            record.categories.iter().any(|has| case::contains(has, part))
        }
        Condition::Metadata(test) => metadata_holds(test, record.metadata),
        Condition::Content(ContentTest::Equals(text)) => record.content == text,
        Condition::Content(ContentTest::Containing(part)) => record.content.contains(part.as_str()),
        Condition::Content(ContentTest::ContainingAll(parts)) => {
            parts.iter().all(|part| case::contains(record.content, part))
        }
        Condition::Id(ids) => ids.contains(&record.id),
        Condition::Class(classes) => classes.contains(&record.classification),
        Condition::Author(ids) => ids.contains(&record.author_id),
        Condition::Scope { .. } => false,
    }
}

fn time_holds<T: PartialOrd>(test: &TimeTest<T>, time: &T) -> bool {
    match test {
        TimeTest::Present => true,
        TimeTest::From(since) => time >= since,
        TimeTest::Before(until) => time < until,
        TimeTest::Within(spans) => spans.iter().any(|(since, until)| time >= since && time < until),
    }
}

fn metadata_holds(test: &MetadataTest, metadata: &Value) -> bool {
    let at = |path: &[String]| path.iter().try_fold(metadata, |found, key| found.as_object()?.get(key));
    match test {
        MetadataTest::Includes(object) => json::contains(metadata, object),
        MetadataTest::Present { path } => at(path).is_some_and(|found| !found.is_null()),
        MetadataTest::HasPart { path, part } => at(path).is_some_and(|found| {
            json::contains(found, part)
                || matches!((found, part), (Value::String(whole), Value::String(part)) if whole.contains(part.as_str()))
        }),
    }
}
