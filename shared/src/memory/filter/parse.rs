//! Parses JSON to a [`Node`]: the shape of a filter, field by field. Values are parsed in `operand.rs`, metadata in
//! `metadata.rs`.

use serde_json::{Map, Value};

use super::condition::{CategoryTest, Condition, ContentTest, Entity, EntityTest, Node, TimeField, TimeTest};
use super::moment::Span;
use super::path::{Path, shown};
use super::{Field, FilterError, MAX_DEPTH, MAX_NODES, Operator, metadata, operand};
use crate::access::Classification;

/// The remaining budget of nodes.
pub(super) struct Budget {
    nodes: usize,
}

impl Budget {
    pub(super) fn spend(&mut self, path: &Path<'_>) -> Result<(), FilterError> {
        self.nodes = self.nodes.checked_sub(1).ok_or_else(|| {
            path.error(format!(
                "a filter may have at most {MAX_NODES} parts, conditions and the brackets around them"
            ))
        })?;
        Ok(())
    }
}

pub(super) fn filter(filters: &Value) -> Result<Node, FilterError> {
    let mut budget = Budget { nodes: MAX_NODES };
    match filters {
        Value::Null => Ok(Node::All(Vec::new())),
        Value::Object(keys) if keys.is_empty() => Ok(Node::All(Vec::new())),
        _ => node(filters, &Path::Root, 0, &mut budget),
    }
}

fn node(value: &Value, path: &Path<'_>, depth: usize, budget: &mut Budget) -> Result<Node, FilterError> {
    let Value::Object(keys) = value else {
        return Err(path.error(format!("expected an object, found {}", operand::kind(value))));
    };
    if keys.is_empty() {
        return Err(path.error("expected a condition, found an empty object"));
    }
    if depth > MAX_DEPTH {
        return Err(path.error(format!("nested more than {MAX_DEPTH} deep")));
    }
    let parts = keys
        .iter()
        .map(|(key, value)| {
            let path = path.key(key);
            budget.spend(&path)?;
            match key.as_str() {
                "AND" => children(value, &path, depth, budget).map(Node::All),
                "OR" => children(value, &path, depth, budget).map(Node::Any),
                "NOT" if value.is_array() => children(value, &path, depth, budget).map(Node::Any).map(not),
                "NOT" => node(value, &path, depth + 1, budget).map(not),
                name => field_condition(name, value, &path, budget),
            }
        })
        .collect::<Result<Vec<Node>, FilterError>>()?;
    Ok(all(parts))
}

fn children(
    value: &Value,
    path: &Path<'_>,
    depth: usize,
    budget: &mut Budget,
) -> Result<Vec<Node>, FilterError> {
    let Value::Array(values) = value else {
        return Err(path.error(format!("expected a list of conditions, found {}", operand::kind(value))));
    };
    if values.is_empty() {
        return Err(path.error("expected at least one condition"));
    }
    values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let path = path.index(index);
            budget.spend(&path)?;
            node(value, &path, depth + 1, budget)
        })
        .collect()
}

fn field_condition(
    name: &str,
    value: &Value,
    path: &Path<'_>,
    budget: &mut Budget,
) -> Result<Node, FilterError> {
    if let Some(keys) = name.strip_prefix("metadata.") {
        return metadata::at(keys.split('.').map(str::to_owned).collect(), value, path, budget);
    }
    let Some(field) = Field::named(name) else {
        let names: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
        let meant =
            names.iter().find(|known| known.replace('_', "").eq_ignore_ascii_case(&name.replace('_', "")));
        let hint = meant.map_or_else(String::new, |known| format!(", did you mean {known}?"));
        return Err(
            path.error(format!("unknown key, expected AND, OR, NOT or one of {}{hint}", names.join(", ")))
        );
    };
    if field == Field::Metadata {
        return metadata::at(Vec::new(), value, path, budget);
    }
    match value {
        Value::Object(operators) => operator_conditions(field, operators, path, budget),
        _ => bare(field, value, path),
    }
}

/// Parses a value or list without an operator.
fn bare(field: Field, value: &Value, path: &Path<'_>) -> Result<Node, FilterError> {
    let allowed = field.shorthand();
    let operator = match value {
        Value::Array(_) if allowed.list => Operator::In,
        Value::Array(_) => return Err(unsupported(field, Operator::In, path)),
        _ if allowed.value => Operator::Eq,
        _ => return Err(unsupported(field, Operator::Eq, path)),
    };
    condition(field, operator, value, path)
}

fn operator_conditions(
    field: Field,
    operators: &Map<String, Value>,
    path: &Path<'_>,
    budget: &mut Budget,
) -> Result<Node, FilterError> {
    if operators.is_empty() {
        return Err(path.error(format!("expected an operator: {}", field.advice())));
    }
    let parts = operators
        .iter()
        .map(|(name, value)| {
            let operator = Operator::named(name).ok_or_else(|| {
                path.error(format!("unknown operator \"{}\", use {}", shown(name), field.advice()))
            })?;
            if !field.operators().contains(&operator) {
                return Err(unsupported(field, operator, path));
            }
            let path = path.key(name);
            budget.spend(&path)?;
            condition(field, operator, value, &path)
        })
        .collect::<Result<Vec<Node>, FilterError>>()?;
    Ok(all(parts))
}

fn condition(field: Field, operator: Operator, value: &Value, path: &Path<'_>) -> Result<Node, FilterError> {
    if operator == Operator::Ne {
        return condition(field, Operator::Eq, value, path).map(not);
    }
    if operator == Operator::Eq && operand::is_wildcard(value) && !field.shorthand().wildcard {
        return Err(path.error(format!("the wildcard \"*\" is not supported, use {}", field.advice())));
    }
    let condition = match field {
        Field::UserId => Condition::Entity(Entity::User, entity(operator, value, path)?),
        Field::AgentId => Condition::Entity(Entity::Agent, entity(operator, value, path)?),
        Field::AppId => Condition::Entity(Entity::App, entity(operator, value, path)?),
        Field::RunId => Condition::Entity(Entity::Run, entity(operator, value, path)?),
        Field::CreatedAt => {
            Condition::Time(TimeField::Created, time(field, operator, value, path, instants)?)
        }
        Field::UpdatedAt => {
            Condition::Time(TimeField::Updated, time(field, operator, value, path, instants)?)
        }
        Field::Timestamp => {
            Condition::Time(TimeField::Occurred, time(field, operator, value, path, instants)?)
        }
        Field::ExpirationDate => Condition::Expiry(time(field, operator, value, path, days)?),
        Field::Categories => Condition::Category(match operator {
            Operator::In => CategoryTest::OneOf(operand::list(value, path, operand::category)?),
            _ => CategoryTest::Containing(operand::part_of_category(value, path)?),
        }),
        Field::Keywords | Field::Text => Condition::Content(match operator {
            Operator::Contains => ContentTest::Containing(operand::needle(value, path)?),
            Operator::Icontains => ContentTest::ContainingAll(vec![operand::needle(value, path)?]),
            _ => ContentTest::Equals(operand::text(value, path)?),
        }),
        Field::KeywordsSearch => Condition::Content(ContentTest::ContainingAll(operand::words(value, path)?)),
        Field::MemoryIds => Condition::Id(operand::list(value, path, operand::memory_id)?),
        Field::Scope => Condition::Scope {
            names: match operator {
                Operator::In => operand::list(value, path, operand::scope)?,
                _ => vec![operand::scope(value, path)?],
            },
            path: path.to_string(),
        },
        Field::Classification => Condition::Class(classes(operator, value, path)?),
        Field::AuthorId => Condition::Author(match operator {
            Operator::In => operand::list(value, path, operand::author_id)?,
            _ => vec![operand::author_id(value, path)?],
        }),
        Field::Metadata => return Err(unsupported(field, operator, path)),
    };
    Ok(Node::Is(condition))
}

/// Returns the classes that compare in this way with the given one. `gt` means more confidential.
fn classes(operator: Operator, value: &Value, path: &Path<'_>) -> Result<Vec<Classification>, FilterError> {
    if operator == Operator::In {
        return operand::list(value, path, operand::class);
    }
    let given = operand::class(value, path)?;
    let fits = |class: &Classification| match operator {
        Operator::Gt => *class > given,
        Operator::Gte => *class >= given,
        Operator::Lt => *class < given,
        Operator::Lte => *class <= given,
        _ => *class == given,
    };
    Ok(Classification::ALL.into_iter().filter(fits).collect())
}

fn entity(operator: Operator, value: &Value, path: &Path<'_>) -> Result<EntityTest, FilterError> {
    Ok(match operator {
        Operator::In => EntityTest::OneOf(operand::list(value, path, operand::name)?),
        _ if operand::is_wildcard(value) => EntityTest::Present,
        _ => EntityTest::OneOf(vec![operand::name(value, path)?]),
    })
}

fn time<T>(
    field: Field,
    operator: Operator,
    value: &Value,
    path: &Path<'_>,
    bounds: impl Fn(Span) -> (T, T),
) -> Result<TimeTest<T>, FilterError> {
    let read = |value: &Value, path: &Path<'_>| operand::span(value, path).map(&bounds);
    Ok(match operator {
        Operator::Gte => TimeTest::From(read(value, path)?.0),
        Operator::Gt => TimeTest::From(read(value, path)?.1),
        Operator::Lt => TimeTest::Before(read(value, path)?.0),
        Operator::Lte => TimeTest::Before(read(value, path)?.1),
        Operator::In => TimeTest::Within(operand::list(value, path, read)?),
        Operator::Eq | Operator::Ne if operand::is_wildcard(value) => TimeTest::Present,
        Operator::Eq | Operator::Ne => TimeTest::Within(vec![read(value, path)?]),
        Operator::Contains | Operator::Icontains => return Err(unsupported(field, operator, path)),
    })
}

fn instants(span: Span) -> (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>) {
    (span.since, span.until)
}

fn days(span: Span) -> (chrono::NaiveDate, chrono::NaiveDate) {
    let day = span.day();
    (day, day.succ_opt().unwrap_or(day))
}

pub(super) fn unsupported(field: Field, operator: Operator, path: &Path<'_>) -> FilterError {
    path.error(format!("operator \"{}\" is not supported, use {}", operator.name(), field.advice()))
}

/// Returns a conjunction, without a level for a single part.
pub(super) fn all(mut parts: Vec<Node>) -> Node {
    if parts.len() == 1 { parts.remove(0) } else { Node::All(parts) }
}

pub(super) fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}
