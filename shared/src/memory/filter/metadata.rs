//! Conditions on metadata: a JSON object of keys to look under, with operators at any depth.

use serde_json::{Map, Value};

use super::condition::{Condition, MetadataTest, Node};
use super::operand::{self, bounded};
use super::parse::{Budget, all, not, unsupported};
use super::path::{Path, shown};
use super::{Field, FilterError, MAX_DEPTH, MAX_TEXT, Operator};

/// Parses the condition that `value` sets on the metadata under `keys` (empty: on the metadata as a whole).
pub(super) fn at(
    keys: Vec<String>,
    value: &Value,
    path: &Path<'_>,
    budget: &mut Budget,
) -> Result<Node, FilterError> {
    if keys.len() > MAX_DEPTH {
        return Err(path.error(format!("nested more than {MAX_DEPTH} deep")));
    }
    for key in &keys {
        bounded(key, MAX_TEXT, path)?;
    }
    match value {
        Value::Object(object) if object.keys().any(|key| Operator::named(key).is_some()) => {
            operators(&keys, object, path, budget)
        }
        Value::Object(object) if !object.is_empty() => {
            let parts = object
                .iter()
                .map(|(key, value)| {
                    let path = path.key(key);
                    budget.spend(&path)?;
                    at([keys.as_slice(), std::slice::from_ref(key)].concat(), value, &path, budget)
                })
                .collect::<Result<Vec<Node>, FilterError>>()?;
            Ok(all(parts))
        }
        _ => equals(&keys, value, path, budget),
    }
}

fn operators(
    keys: &[String],
    object: &Map<String, Value>,
    path: &Path<'_>,
    budget: &mut Budget,
) -> Result<Node, FilterError> {
    let parts = object
        .iter()
        .map(|(name, value)| {
            let operator = Operator::named(name).ok_or_else(|| {
                let key = shown(name);
                path.error(format!("\"{key}\" stands beside an operator; write {{\"eq\": {{…}}}} for an object with such keys"))
            })?;
            let inner = path.key(name);
            budget.spend(&inner)?;
            match operator {
                Operator::Eq => equals(keys, value, &inner, budget),
                Operator::Ne => equals(keys, value, &inner, budget).map(not),
                Operator::Contains => has_part(keys, value, &inner, budget),
                _ => Err(unsupported(Field::Metadata, operator, path)),
            }
        })
        .collect::<Result<Vec<Node>, FilterError>>()?;
    Ok(all(parts))
}

fn equals(keys: &[String], value: &Value, path: &Path<'_>, budget: &mut Budget) -> Result<Node, FilterError> {
    check_root(keys, value, path)?;
    if operand::is_wildcard(value) {
        return Ok(Node::Is(Condition::Metadata(MetadataTest::Present { path: keys.to_vec() })));
    }
    literal(value, path, keys.len(), budget)?;
    let nested = keys
        .iter()
        .rev()
        .fold(value.clone(), |inner, key| Value::Object(Map::from_iter([(key.clone(), inner)])));
    Ok(Node::Is(Condition::Metadata(MetadataTest::Includes(nested))))
}

fn has_part(
    keys: &[String],
    part: &Value,
    path: &Path<'_>,
    budget: &mut Budget,
) -> Result<Node, FilterError> {
    check_root(keys, part, path)?;
    if let Value::String(_) = part {
        operand::needle(part, path)?;
    }
    literal(part, path, keys.len(), budget)?;
    Ok(Node::Is(Condition::Metadata(MetadataTest::HasPart { path: keys.to_vec(), part: part.clone() })))
}

/// Checks that the metadata as a whole are compared with a non-empty object.
fn check_root(keys: &[String], value: &Value, path: &Path<'_>) -> Result<(), FilterError> {
    match value {
        _ if !keys.is_empty() => Ok(()),
        Value::Object(object) if !object.is_empty() => Ok(()),
        Value::Object(_) => Err(path.error("expected at least one key")),
        other => {
            Err(path.error(format!("expected an object of keys and values, found {}", operand::kind(other))))
        }
    }
}

/// Checks any JSON that PostgreSQL can store, within the limits.
fn literal(value: &Value, path: &Path<'_>, depth: usize, budget: &mut Budget) -> Result<(), FilterError> {
    if depth > MAX_DEPTH {
        return Err(path.error(format!("nested more than {MAX_DEPTH} deep")));
    }
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        Value::String(text) => bounded(text, MAX_TEXT, path).map(drop),
        Value::Array(values) => values.iter().enumerate().try_for_each(|(index, value)| {
            let path = path.index(index);
            budget.spend(&path)?;
            literal(value, &path, depth + 1, budget)
        }),
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            let path = path.key(key);
            budget.spend(&path)?;
            bounded(key, MAX_TEXT, &path)?;
            literal(value, &path, depth + 1, budget)
        }),
    }
}
