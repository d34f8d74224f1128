//! Filters and memories for property tests, here and in the tests that compare the SQL with PostgreSQL.
//!
//! Values come from small pools of difficult cases (LIKE and regex syntax, letters with unusual cases, neighbouring
//! microseconds, JSON that nearly matches), shared by filters and memories, so that matches are common.

use chrono::{DateTime, NaiveDate, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Record;
use crate::access::{Classification, ScopeName};
use crate::ids::{MemoryId, ScopeId, UserId};

const NAMES: [&str; 5] = ["zoe", "Zoe", "bob", "o'hara", "%"];
const CATEGORIES: [&str; 4] = ["finance", "Finanz_Ärger", "ΟΔΟΣ", "c++"];
const TEXT: [char; 18] =
    ['a', 'A', 'b', 'ä', 'Ä', 'ß', 'ς', 'Σ', 'σ', '%', '_', '\\', '.', '*', '[', '$', ' ', '\n'];
const SCOPES: [&str; 4] = [
    "personal",
    "team:00000000-0000-0000-0000-000000000001",
    "organization:00000000-0000-0000-0000-000000000002",
    "public",
];
const ENTITIES: [&str; 4] = ["user_id", "agent_id", "app_id", "run_id"];
const TIMES: [&str; 4] = ["created_at", "updated_at", "timestamp", "expiration_date"];
const MOMENTS: [&str; 7] = [
    "2026-02-27",
    "2026-02-28",
    "2026-03-01",
    "2026-02-28T00:00:00Z",
    "2026-02-28T23:59:59.999999Z",
    "2026-03-01T01:00:00+01:00",
    "2026-02-28T12:00:00.000001",
];
const STORED: [&str; 6] = [
    "2026-02-27T23:59:59.999999Z",
    "2026-02-28T00:00:00Z",
    "2026-02-28T12:00:00.000001Z",
    "2026-02-28T12:00:00.000002Z",
    "2026-02-28T23:59:59.999999Z",
    "2026-03-01T00:00:00Z",
];

/// The scope ids that [`filters`] and [`memories`] use.
#[must_use]
pub fn scope_id(name: &ScopeName) -> Option<ScopeId> {
    SCOPES.iter().zip(1..).find(|(known, _)| known.parse() == Ok(*name)).map(|(_, id)| ScopeId(id))
}

/// A memory with all columns that a filter can test.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the columns that `Compiled` documents")]
pub struct Sample {
    pub id: MemoryId,
    pub scope_ids: Vec<ScopeId>,
    pub content: String,
    pub metadata: Value,
    pub categories: Vec<String>,
    /// `user_id`, `agent_id`, `app_id`, `run_id`.
    pub entities: [Option<String>; 4],
    pub occurred_at: Option<DateTime<Utc>>,
    pub expires_on: Option<NaiveDate>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub classification: Classification,
    pub author_id: UserId,
}

impl Sample {
    /// Returns it in the form that the evaluator takes.
    #[must_use]
    pub fn record(&self) -> Record<'_> {
        let [user_id, agent_id, app_id, run_id] = self.entities.each_ref().map(Option::as_deref);
        Record {
            id: self.id,
            scope_ids: &self.scope_ids,
            content: &self.content,
            metadata: &self.metadata,
            categories: &self.categories,
            user_id,
            agent_id,
            app_id,
            run_id,
            occurred_at: self.occurred_at,
            expires_on: self.expires_on,
            created_at: self.created_at,
            updated_at: self.updated_at,
            classification: self.classification,
            author_id: self.author_id,
        }
    }
}

/// Generates any memory.
pub fn memories() -> impl Strategy<Value = Sample> {
    let stored = || select(&STORED[..]).prop_map(|text| text.parse::<DateTime<Utc>>().unwrap_or_default());
    let entity = || option::of(select(&NAMES[..]).prop_map(str::to_owned));
    let scope = || (1..=4i64).prop_map(ScopeId);
    (
        (ids(), vec(scope(), 1..4), text(0..12), object(), subsequence(&CATEGORIES[..], 0..4)),
        (entity(), entity(), entity(), entity()),
        (option::of(stored()), option::of(stored()), stored(), stored()),
        (select(&Classification::ALL[..]), authors()),
    )
        .prop_map(|(parts, (user, agent, app, run), times, (classification, author_id))| {
            let (id, scope_ids, content, metadata, categories) = parts;
            let (occurred_at, expires, created_at, updated_at) = times;
            Sample {
                id,
                scope_ids,
                content,
                metadata,
                categories: categories.into_iter().map(str::to_owned).collect(),
                entities: [user, agent, app, run],
                occurred_at,
                expires_on: expires.map(|time| time.date_naive()),
                created_at,
                updated_at,
                classification,
                author_id,
            }
        })
}

/// Generates any valid filter, as JSON.
pub fn filters() -> impl Strategy<Value = Value> {
    condition().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(|parts| json!({ "AND": parts })),
            vec(inner.clone(), 1..4).prop_map(|parts| json!({ "OR": parts })),
            vec(inner.clone(), 1..3).prop_map(|parts| json!({ "NOT": parts })),
            inner.clone().prop_map(|part| json!({ "NOT": part })),
            (inner.clone(), inner).prop_map(|(a, b)| beside(a, b)),
        ]
    })
}

/// Puts both conditions into one object if their keys differ.
fn beside(a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => Value::Object(b.into_iter().chain(a).collect()),
        (a, _) => a,
    }
}

fn condition() -> BoxedStrategy<Value> {
    let name = || select(&NAMES[..]).prop_map(Value::from);
    let moment = || select(&MOMENTS[..]).prop_map(Value::from);
    let scope = || select(&SCOPES[..]).prop_map(Value::from);
    let needle = || text(1..4).prop_map(Value::from);
    let class = || select(&Classification::ALL[..]).prop_map(|class| Value::from(class.as_str()));
    prop_oneof![
        field(&ENTITIES, equality(name(), true)),
        field(
            &TIMES,
            prop_oneof![equality(moment(), true), operator(&["gt", "gte", "lt", "lte", "ne"], moment())]
        )
        .prop_filter("times take no explicit eq", |value| !value.to_string().contains("\"eq\"")),
        field(&["scope"], equality(scope(), false)),
        field(&["author_id"], equality(authors().prop_map(|id| Value::from(id.to_string())), false)),
        field(
            &["classification"],
            prop_oneof![equality(class(), false), operator(&["gt", "gte", "lt", "lte"], class())]
        ),
        field(&["categories"], list(select(&CATEGORIES[..]).prop_map(Value::from))),
        field(
            &["categories"],
            operator(&["contains"], prop_oneof![needle(), Just(json!("finan")), Just(json!("οδος"))])
        ),
        field(&["text", "keywords"], operator(&["contains", "icontains"], needle())),
        field(&["text"], prop_oneof![needle(), operator(&["eq", "ne"], needle())])
            .prop_filter("the wildcard is no text", |value| !value.to_string().contains("\"*\"")),
        field(
            &["keywords_search"],
            vec(text(1..3), 1..3).prop_map(|words| Value::from(format!("a {}", words.join(" "))))
        ),
        field(&["memory_ids"], list(ids().prop_map(|id| Value::from(id.to_string())))),
        field(&["metadata"], metadata()),
        ("(a|b|0|a\\.b)", metadata_value()).prop_map(|(key, value)| one(format!("metadata.{key}"), value)),
    ]
    .boxed()
}

fn field(names: &[&'static str], value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    (select(names.to_vec()), value).prop_map(|(name, value)| one(name, value)).boxed()
}

fn operator(names: &[&'static str], value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    field(names, value)
}

fn list(item: impl Strategy<Value = Value> + Clone + 'static) -> BoxedStrategy<Value> {
    let values = vec(item, 1..4).prop_map(Value::from);
    prop_oneof![values.clone(), values.prop_map(|values| one("in", values))].boxed()
}

fn equality(item: impl Strategy<Value = Value> + Clone + 'static, wildcard: bool) -> BoxedStrategy<Value> {
    let value = if wildcard {
        prop_oneof![4 => item.clone(), 1 => Just(json!("*"))].boxed()
    } else {
        item.clone().boxed()
    };
    prop_oneof![value.clone(), operator(&["eq", "ne"], value), list(item)].boxed()
}

fn metadata() -> BoxedStrategy<Value> {
    let keys = prop_oneof![Just("a"), Just("b"), Just("0")];
    let by_key = proptest::collection::btree_map(keys.prop_map(str::to_owned), metadata_value(), 1..3)
        .prop_map(|map| Value::Object(map.into_iter().collect()));
    let whole = operator(
        &["eq", "ne", "contains"],
        object().prop_filter("says something", |value| value != &json!({})),
    );
    prop_oneof![4 => by_key, 1 => whole].boxed()
}

fn metadata_value() -> BoxedStrategy<Value> {
    let contains = prop_oneof![json_value(), text(1..3).prop_map(Value::from)];
    let contains = contains.prop_filter("a part is not empty", |value| value != &json!(""));
    prop_oneof![json_value(), operator(&["eq", "ne"], json_value()), operator(&["contains"], contains)]
        .boxed()
}

fn object() -> BoxedStrategy<Value> {
    let keys = prop_oneof![Just("a"), Just("b"), Just("0")].prop_map(str::to_owned);
    proptest::collection::btree_map(keys, json_value(), 0..3)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
        .boxed()
}

fn json_value() -> BoxedStrategy<Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        select(vec![
            json!(0),
            json!(-0.0),
            json!(1),
            json!(1.0),
            json!(10),
            json!(1e1),
            json!(1e23),
            json!(0.1)
        ]),
        select(vec![json!(u64::MAX), json!(u64::MAX - 1), json!(9.223_372_036_854_776e18), json!(i64::MIN)]),
        select(vec![json!(""), json!("a"), json!("ab"), json!("*"), json!("1"), json!("\"%_\\")]),
    ];
    scalar
        .prop_recursive(2, 8, 3, |inner| {
            let keys = prop_oneof![Just("a"), Just("b"), Just("0")].prop_map(str::to_owned);
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map(keys, inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
        .boxed()
}

fn ids() -> impl Strategy<Value = MemoryId> + Clone {
    (0..6u128).prop_map(|bits| MemoryId(Uuid::from_u128(bits)))
}

fn authors() -> impl Strategy<Value = UserId> + Clone {
    (0..3u128).prop_map(|bits| UserId(Uuid::from_u128(bits)))
}

fn text(length: std::ops::Range<usize>) -> impl Strategy<Value = String> + Clone {
    vec(select(&TEXT[..]), length).prop_map(|chars| chars.into_iter().collect())
}

fn one(key: impl Into<String>, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.into(), value)]))
}
