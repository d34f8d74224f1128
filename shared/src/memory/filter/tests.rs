//! Examples of the grammar, exact error messages, and properties that must hold for every filter.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::strategy::{filters, memories, scope_id};
use super::*;
use crate::ids::ScopeId;

fn sql(filter: Value) -> String {
    Filter::parse(&filter).unwrap().compile(1, scope_id).unwrap().sql
}

fn error(filter: Value) -> String {
    Filter::parse(&filter).unwrap_err().to_string()
}

#[test]
fn sql_of_every_condition() {
    let cases = [
        (json!({}), "TRUE"),
        (json!({"user_id": "ada"}), "(m.user_id = $1::text)"),
        (json!({"agent_id": {"ne": "a"}}), "((m.agent_id = $1::text) IS NOT TRUE)"),
        (json!({"app_id": {"in": ["a", "b"]}}), "(m.app_id = ANY($1::text[]))"),
        (json!({"run_id": "*"}), "(m.run_id IS NOT NULL)"),
        (
            json!({"created_at": {"gte": "2026-01-01", "lt": "2026-02-01"}}),
            "((m.created_at >= $1::timestamptz) AND (m.created_at < $2::timestamptz))",
        ),
        (
            json!({"updated_at": "2026-01-01"}),
            "(m.updated_at >= $1::timestamptz AND m.updated_at < $2::timestamptz)",
        ),
        (
            json!({"timestamp": {"in": ["2026-01-01", "2026-01-03"]}}),
            "(EXISTS (SELECT FROM unnest($1::timestamptz[], $2::timestamptz[]) AS span (since, until) WHERE m.occurred_at >= span.since AND m.occurred_at < span.until))",
        ),
        (json!({"expiration_date": {"lte": "2026-12-31"}}), "(m.expires_on < $1::date)"),
        (json!({"categories": ["a", "b"]}), "(m.categories && $1::text[])"),
        (
            json!({"categories": {"contains": "fin"}}),
            "(EXISTS (SELECT FROM unnest(m.categories) AS category WHERE category ~ $1::text))",
        ),
        (json!({"metadata": {"a": {"b": 1}}}), "(m.metadata @> $1::jsonb)"),
        (json!({"metadata": {"a": "*"}}), "((m.metadata -> $1::text) <> 'null'::jsonb)"),
        (json!({"metadata.a": {"contains": 1}}), "((m.metadata -> $1::text) @> $2::jsonb)"),
        (
            json!({"metadata": {"a": {"contains": "x"}}}),
            "((m.metadata -> $1::text) @> $2::jsonb OR jsonb_typeof((m.metadata -> $1::text)) = 'string' AND (m.metadata -> $1::text) #>> '{}' LIKE $3::text)",
        ),
        (json!({"text": "x"}), "(m.content = $1::text)"),
        (json!({"keywords": {"contains": "x"}}), "(m.content LIKE $1::text)"),
        (json!({"keywords": {"icontains": "x"}}), "(m.content ~ ALL($1::text[]))"),
        (json!({"memory_ids": ["00000000-0000-0000-0000-000000000001"]}), "(m.id = ANY($1::uuid[]))"),
        (json!({"scope": "personal"}), "(m.scope_ids && $1::bigint[])"),
        (json!({"classification": "internal"}), "(m.classification = ANY($1::text[]::classification[]))"),
        (
            json!({"classification": {"ne": "public"}}),
            "((m.classification = ANY($1::text[]::classification[])) IS NOT TRUE)",
        ),
        (json!({"author_id": ["00000000-0000-0000-0000-000000000001"]}), "(m.author_id = ANY($1::uuid[]))"),
        (
            json!({"OR": [{"user_id": "a"}, {"AND": [{"user_id": "b"}, {"run_id": "*"}]}]}),
            "((m.user_id = $1::text) OR ((m.user_id = $2::text) AND (m.run_id IS NOT NULL)))",
        ),
        (
            json!({"NOT": [{"user_id": "a"}, {"user_id": "b"}]}),
            "(((m.user_id = $1::text) OR (m.user_id = $2::text)) IS NOT TRUE)",
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(sql(filter.clone()), expected, "{filter}");
    }
}

#[test]
fn placeholders_begin_where_they_are_told_to() {
    let filter = Filter::parse(&json!({"AND": [{"user_id": "a"}, {"app_id": "b"}]})).unwrap();
    let compiled = filter.compile(7, scope_id).unwrap();
    assert_eq!(compiled.sql, "((m.user_id = $7::text) AND (m.app_id = $8::text))");
    assert_eq!(format!("{:?}", compiled.params), r#"["a", "b"]"#);
}

#[test]
fn patterns_find_only_what_was_written() {
    let like = Filter::parse(&json!({"text": {"contains": r"50%_\"}})).unwrap().compile(1, scope_id).unwrap();
    assert_eq!(format!("{:?}", like.params), format!("{:?}", [r"%50\%\_\\%"]));
    let regex = Filter::parse(&json!({"text": {"icontains": "a.b"}})).unwrap().compile(1, scope_id).unwrap();
    assert_eq!(format!("{:?}", regex.params), format!("{:?}", [[r"[aA]\.[bB]"]]));
}

#[test]
fn classes_compare_by_how_confidential_they_are() {
    for (operator, value, expected) in [
        ("gt", json!("internal"), "[[\"confidential\", \"restricted\"]]"),
        ("gte", json!("internal"), "[[\"internal\", \"confidential\", \"restricted\"]]"),
        ("lt", json!("internal"), "[[\"public\"]]"),
        ("lte", json!("internal"), "[[\"public\", \"internal\"]]"),
        ("gt", json!("restricted"), "[[]]"),
        ("in", json!(["restricted", "public"]), "[[\"restricted\", \"public\"]]"),
    ] {
        let filter = Filter::parse(&json!({ "classification": { operator: value } })).unwrap();
        assert_eq!(format!("{:?}", filter.compile(1, scope_id).unwrap().params), expected, "{operator}");
    }
}

#[test]
fn errors_name_the_place_and_what_would_be_right() {
    let cases = [
        (json!("x"), "filters: expected an object, found a string"),
        (
            json!({"bogus": 1}),
            "filters.bogus: unknown key, expected AND, OR, NOT or one of user_id, agent_id, app_id, run_id, created_at, updated_at, timestamp, expiration_date, text, categories, metadata, keywords_search, memory_ids, keywords, scope, classification, author_id",
        ),
        (json!({"AND": {"user_id": "a"}}), "filters.AND: expected a list of conditions, found an object"),
        (json!({"AND": []}), "filters.AND: expected at least one condition"),
        (json!({"OR": [{}]}), "filters.OR[0]: expected a condition, found an empty object"),
        (json!({"NOT": "a"}), "filters.NOT: expected an object, found a string"),
        (
            json!({"AND": [{"user_id": "a"}, {"created_at": {"contains": "2026-01-01"}}]}),
            "filters.AND[1].created_at: operator \"contains\" is not supported, use eq, gt, gte, lt, lte, ne or in, or a bare value",
        ),
        (
            json!({"created_at": {"gte": 1e30}}),
            "filters.created_at.gte: 1e+30 is not a time, expected Unix seconds, YYYY-MM-DD or RFC 3339 as in 2026-11-22T09:30:00Z",
        ),
        (
            json!({"userId": "a"}),
            "filters.userId: unknown key, expected AND, OR, NOT or one of user_id, agent_id, app_id, run_id, created_at, updated_at, timestamp, expiration_date, text, categories, metadata, keywords_search, memory_ids, keywords, scope, classification, author_id, did you mean user_id?",
        ),
        (
            json!({"created_at": "soon"}),
            "filters.created_at: \"soon\" is not a time, expected Unix seconds, YYYY-MM-DD or RFC 3339 as in 2026-11-22T09:30:00Z",
        ),
        (json!({"user_id": 7}), "filters.user_id: expected a string, found a number"),
        (json!({"user_id": true}), "filters.user_id: expected a string, found a boolean"),
        (
            json!({"user_id": null}),
            "filters.user_id: expected a string, found null, to find memories without a value use {\"NOT\": {<field>: \"*\"}}",
        ),
        (json!({"user_id": ""}), "filters.user_id: must not be empty"),
        (json!({"user_id": "a\u{0}b"}), "filters.user_id: must not contain a NUL character"),
        (json!({"user_id": "x".repeat(1025)}), "filters.user_id: longer than 1024 characters"),
        (json!({"user_id": {}}), "filters.user_id: expected an operator: eq, ne or in"),
        (json!({"user_id": {"nin": ["a"]}}), "filters.user_id: unknown operator \"nin\", use eq, ne or in"),
        (json!({"user_id": {">=": "a"}}), "filters.user_id: unknown operator \">=\", use eq, ne or in"),
        (
            json!({"user_id": {"contains": "a"}}),
            "filters.user_id: operator \"contains\" is not supported, use eq, ne or in",
        ),
        (json!({"user_id": {"in": "a"}}), "filters.user_id.in: expected a list, found a string"),
        (json!({"user_id": {"in": []}}), "filters.user_id.in: must have at least one value"),
        (
            json!({"user_id": {"in": ["a", "*"]}}),
            "filters.user_id.in[1]: the wildcard \"*\" cannot stand here",
        ),
        (json!({"user_id": vec!["a"; 1001]}), "filters.user_id: more than 1000 values"),
        (
            json!({"categories": "a"}),
            "filters.categories: operator \"eq\" is not supported, use in or contains",
        ),
        (
            json!({"categories": {"ne": "a"}}),
            "filters.categories: operator \"ne\" is not supported, use in or contains",
        ),
        (
            json!({"keywords": "a"}),
            "filters.keywords: operator \"eq\" is not supported, use contains or icontains",
        ),
        (
            json!({"keywords": {"contains": "x".repeat(257)}}),
            "filters.keywords.contains: longer than 256 characters",
        ),
        (json!({"keywords_search": " "}), "filters.keywords_search: must have at least one word"),
        (
            json!({"text": "*"}),
            "filters.text: the wildcard \"*\" is not supported, use eq, ne, contains or icontains",
        ),
        (json!({"memory_ids": "a"}), "filters.memory_ids: operator \"eq\" is not supported, use in"),
        (
            json!({"memory_ids": ["mem_1"]}),
            "filters.memory_ids[0]: \"mem_1\" is not a valid memory id, expected mem_ followed by 26 characters",
        ),
        (json!({"metadata": "a"}), "filters.metadata: expected an object of keys and values, found a string"),
        (json!({"metadata": {}}), "filters.metadata: expected at least one key"),
        (
            json!({"metadata": {"a": {"in": [1]}}}),
            "filters.metadata.a: operator \"in\" is not supported, use eq, ne or contains",
        ),
        (
            json!({"metadata": {"a": {"ne": 1, "b": 2}}}),
            "filters.metadata.a: \"b\" stands beside an operator; write {\"eq\": {…}} for an object with such keys",
        ),
        (json!({"metadata": {"a": ["\u{0}"]}}), "filters.metadata.a[0]: must not contain a NUL character"),
        (json!({"metadata": {"\u{0}": 1}}), "filters.metadata.\u{fffd}: must not contain a NUL character"),
        (
            json!({"classification": "secret"}),
            "filters.classification: unknown classification \"secret\", expected public, internal, confidential or restricted",
        ),
        (
            json!({"classification": "*"}),
            "filters.classification: the wildcard \"*\" is not supported, use eq, gt, gte, lt, lte, ne or in",
        ),
        (json!({"classification": null}), "filters.classification: expected a string, found null"),
        (
            json!({"author_id": {"in": ["ada@example.com"]}}),
            "filters.author_id.in[0]: \"ada@example.com\" is not a valid user id, expected usr_ followed by 26 characters",
        ),
        (
            json!({"author_id": {"contains": "usr_"}}),
            "filters.author_id: operator \"contains\" is not supported, use eq, ne or in",
        ),
        (
            json!({"scope": "squad:1"}),
            "filters.scope: unknown scope \"squad:1\", expected personal, team:<id>, division:<id>, department:<id>, unit:<id>, organization:<id>, context:<id>, enterprise or public",
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(error(filter.clone()), expected, "{filter}");
    }
}

#[test]
fn filters_are_bounded() {
    let nest = |levels: usize| (0..levels).fold(json!({"user_id": "a"}), |inner, _| json!({ "NOT": inner }));
    assert!(Filter::parse(&nest(MAX_DEPTH)).is_ok());
    assert!(error(nest(MAX_DEPTH + 1)).ends_with("nested more than 16 deep"));
    let list = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    assert!(Filter::parse(&json!({"metadata": {"a": list(MAX_DEPTH - 1)}})).is_ok());
    assert!(error(json!({"metadata": {"a": list(MAX_DEPTH)}})).ends_with("nested more than 16 deep"));
    let dotted = format!("metadata.{}", vec!["a"; 17].join("."));
    assert!(error(json!({ dotted: 1 })).ends_with("nested more than 16 deep"));
    let many = |count: usize| json!({"OR": vec![json!({"user_id": "a"}); count]});
    assert!(Filter::parse(&many(127)).is_ok());
    assert_eq!(
        error(many(128)),
        "filters.OR[127].user_id: a filter may have at most 256 parts, conditions and the brackets around them"
    );
    assert!(
        error(json!({"metadata": {"a": vec![1; 256]}}))
            .ends_with("at most 256 parts, conditions and the brackets around them")
    );
}

#[test]
fn an_unknown_scope_is_an_error_at_its_place() {
    let filter = Filter::parse(&json!({"OR": [{"run_id": "*"}, {"scope": {"in": ["personal", "team:00000000-0000-0000-0000-000000000009"]}}]})).unwrap();
    let error = filter.compile(1, scope_id).unwrap_err();
    assert_eq!(error.to_string(), "filters.OR[1].scope.in: there is no such scope");
    assert_eq!(filter.scopes().len(), 2);
}

#[test]
fn only_what_every_match_must_have_is_an_entity_equality() {
    let filter = json!({
        "user_id": "ada",
        "AND": [{"AND": [{"run_id": {"in": ["r"]}}]}, {"agent_id": {"in": ["a", "b"]}}],
        "OR": [{"app_id": "x"}],
        "NOT": {"app_id": "y"},
    });
    let filter = Filter::parse(&filter).unwrap();
    let mut found = filter.entity_equalities();
    found.sort_by_key(|(_, name)| *name);
    assert_eq!(
        found,
        [(Entity::User, "ada"), (Entity::Run, "r")].map(|pair| pair).into_iter().collect::<Vec<_>>()
    );
}

#[test]
fn only_a_filter_that_says_nothing_is_empty() {
    assert!(Filter::parse(&Value::Null).unwrap().is_empty());
    assert!(Filter::parse(&json!({})).unwrap().and(Filter::everything()).is_empty());
    assert!(!Filter::parse(&json!({"user_id": "*"})).unwrap().is_empty());
}

#[test]
fn the_examples_of_mem0s_documentation_are_understood() {
    let examples = [
        json!({"user_id": "user_123", "categories": {"in": ["finance"]}}),
        json!({"AND": [{"user_id": "user_123"}, {"run_id": "*"}, {"app_id": "*"}]}),
        json!({"OR": [{"metadata": {"type": "semantic"}}, {"metadata": {"type": "episodic"}}]}),
        json!({"AND": [{"user_id": "u"}, {"keywords": {"icontains": "invoice"}}]}),
        json!({"AND": [{"user_id": "u"}, {"created_at": {"gte": "2024-01-01T00:00:00Z"}}, {"created_at": {"lt": "2024-02-01T00:00:00Z"}}]}),
        json!({"AND": [{"user_id": {"in": ["user_1", "user_2", "user_3"]}}]}),
        json!({"AND": [{"user_id": "u"}, {"NOT": {"OR": [{"categories": {"in": ["spam"]}}, {"categories": {"in": ["test"]}}]}}]}),
        json!({"user_id": "traveler-42", "metadata.trip": "japan-2025"}),
    ];
    for example in examples {
        assert!(!Filter::parse(&example).unwrap().is_empty(), "{example}");
    }
}

/// Generates JSON in which every key is one that the grammar knows, or nearly.
fn nearly_filters() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!("*")),
        Just(json!("2026-01-01")),
    ];
    scalar.prop_recursive(6, 64, 6, |inner| {
        let key = "(AND|OR|NOT|user_id|created_at|expiration_date|categories|metadata|metadata\\.a|keywords|keywords_search|memory_ids|text|scope|classification|author_id|eq|ne|in|gt|lte|contains|icontains|.{0,4})";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn placeholders(sql: &str) -> std::collections::BTreeSet<usize> {
    sql.split('$')
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_json_panics(value in nearly_filters()) {
        if let Ok(filter) = Filter::parse(&value) {
            filter.compile(1, |_| Some(ScopeId(1))).unwrap();
        }
    }

    #[test]
    fn every_parameter_has_a_placeholder_and_nothing_else_is_the_callers(filter in filters(), first in 1..9usize) {
        let compiled = Filter::parse(&filter).unwrap().compile(first, scope_id).unwrap();
        prop_assert_eq!(placeholders(&compiled.sql), (first..first + compiled.params.len()).collect());
        for written in ["zoe", "o'hara", "finance", "ΟΔΟΣ", "2026"] {
            prop_assert!(!compiled.sql.contains(written), "{}", compiled.sql);
        }
    }

    #[test]
    fn negation_is_two_valued(a in filters(), b in filters(), memory in memories()) {
        let holds = |filter: Value| Filter::parse(&filter).unwrap().matches(&memory.record(), scope_id);
        prop_assert_ne!(holds(json!({"NOT": a})), holds(a.clone()));
        prop_assert_eq!(holds(json!({"NOT": {"NOT": a}})), holds(a.clone()));
        prop_assert_eq!(
            holds(json!({"NOT": {"AND": [a, b]}})),
            holds(json!({"OR": [{"NOT": a}, {"NOT": b}]}))
        );
        prop_assert_eq!(
            holds(json!({"NOT": [a, b]})),
            holds(json!({"AND": [{"NOT": a}, {"NOT": b}]}))
        );
    }

    #[test]
    fn ne_is_the_rest_of_eq(name in "[ab*]", memory in memories()) {
        let holds = |filter: Value| Filter::parse(&filter).unwrap().matches(&memory.record(), scope_id);
        prop_assert_ne!(holds(json!({"agent_id": {"eq": name}})), holds(json!({"agent_id": {"ne": name}})));
    }
}
