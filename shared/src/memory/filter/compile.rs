//! Compiles a [`Filter`] to SQL. The caller's values only ever become parameters; the text consists of constants in
//! this file.
//!
//! Negation is written `(…) IS NOT TRUE`, so that NULL counts as "no" however conditions are combined: `AND` and `OR`
//! over parts that may be NULL are TRUE exactly when they would be with FALSE in their place.

use serde_json::Value;
use tokio_postgres::types::ToSql;

use super::condition::{
    CategoryTest, Condition, ContentTest, Entity, EntityTest, MetadataTest, Node, TimeField, TimeTest,
};
use super::{Filter, FilterError, case};
use crate::access::ScopeName;
use crate::ids::ScopeId;

/// A parameter of a statement.
pub type Param = Box<dyn ToSql + Sync + Send>;

/// A condition for a `WHERE` clause, over the columns of a table with the alias `m`.
///
/// Columns: `id uuid, scope_ids bigint[] (the home scope among them), content text, metadata jsonb, categories text[],
/// user_id, agent_id, app_id, run_id text, occurred_at timestamptz, expires_on date, created_at, updated_at
/// timestamptz, classification classification, author_id uuid`; any of them may be NULL.
#[derive(Debug)]
pub struct Compiled {
    /// The SQL expression, parenthesised where necessary. NULL means no; do not negate it with a bare `NOT`.
    pub sql: String,
    /// The values of its placeholders, in order. Each placeholder has a type cast.
    pub params: Vec<Param>,
}

impl Filter {
    /// Compiles the filter to SQL whose first placeholder is `$first`. `scope_id` maps a scope's name to its id for the
    /// caller; it returns `None` both for scopes that do not exist and for those the caller may not know of.
    ///
    /// # Errors
    /// Fails if a scope has no id.
    pub fn compile(
        &self,
        first: usize,
        scope_id: impl Fn(&ScopeName) -> Option<ScopeId>,
    ) -> Result<Compiled, FilterError> {
        let mut writer = Writer { first, params: Vec::new(), scope_id };
        let sql = writer.node(&self.root)?;
        Ok(Compiled { sql, params: writer.params })
    }
}

struct Writer<F> {
    first: usize,
    params: Vec<Param>,
    scope_id: F,
}

impl<F: Fn(&ScopeName) -> Option<ScopeId>> Writer<F> {
    fn bind(&mut self, value: impl ToSql + Sync + Send + 'static, sql_type: &str) -> String {
        let number = self.first + self.params.len();
        self.params.push(Box::new(value));
        format!("${number}::{sql_type}")
    }

    fn node(&mut self, node: &Node) -> Result<String, FilterError> {
        Ok(match node {
            Node::All(nodes) => self.combine(nodes, " AND ", "TRUE")?,
            Node::Any(nodes) => self.combine(nodes, " OR ", "FALSE")?,
            Node::Not(inner) => format!("({} IS NOT TRUE)", self.node(inner)?),
            Node::Is(condition) => format!("({})", self.condition(condition)?),
        })
    }

    fn combine(&mut self, nodes: &[Node], operator: &str, empty: &str) -> Result<String, FilterError> {
        if nodes.is_empty() {
            return Ok(empty.to_owned());
        }
        let parts: Vec<String> = nodes.iter().map(|node| self.node(node)).collect::<Result<_, _>>()?;
        Ok(format!("({})", parts.join(operator)))
    }

    fn condition(&mut self, condition: &Condition) -> Result<String, FilterError> {
        Ok(match condition {
            Condition::Entity(entity, test) => self.entity(entity_column(*entity), test),
            Condition::Time(field, test) => self.time(time_column(*field), "timestamptz", test),
            Condition::Expiry(test) => self.time("m.expires_on", "date", test),
            Condition::Category(CategoryTest::OneOf(names)) => {
                format!("m.categories && {}", self.bind(names.clone(), "text[]"))
            }
            Condition::Category(CategoryTest::Containing(part)) => {
                let pattern = self.bind(case::pattern(part), "text");
                format!("EXISTS (SELECT FROM unnest(m.categories) AS category WHERE category ~ {pattern})")
            }
            Condition::Metadata(test) => self.metadata(test),
            Condition::Content(test) => self.content(test),
            Condition::Id(ids) => {
                let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
                format!("m.id = ANY({})", self.bind(ids, "uuid[]"))
            }
            Condition::Class(classes) => {
                let classes: Vec<&'static str> = classes.iter().map(|class| class.as_str()).collect();
                format!("m.classification = ANY({}::classification[])", self.bind(classes, "text[]"))
            }
            Condition::Author(ids) => {
                let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
                format!("m.author_id = ANY({})", self.bind(ids, "uuid[]"))
            }
            Condition::Scope { names, path } => {
                let ids = names
                    .iter()
                    .map(|name| match (self.scope_id)(name) {
                        Some(ScopeId(id)) => Ok(id),
                        None => Err(FilterError {
                            path: path.clone(),
                            message: "there is no such scope".to_owned(),
                        }),
                    })
                    .collect::<Result<Vec<i64>, FilterError>>()?;
                format!("m.scope_ids && {}", self.bind(ids, "bigint[]"))
            }
        })
    }

    fn entity(&mut self, column: &str, test: &EntityTest) -> String {
        match test {
            EntityTest::Present => format!("{column} IS NOT NULL"),
            EntityTest::OneOf(names) => match names.as_slice() {
                [name] => format!("{column} = {}", self.bind(name.clone(), "text")),
                _ => format!("{column} = ANY({})", self.bind(names.clone(), "text[]")),
            },
        }
    }

    fn time<T>(&mut self, column: &str, sql_type: &str, test: &TimeTest<T>) -> String
    where
        T: ToSql + Copy + Sync + Send + 'static,
    {
        match test {
            TimeTest::Present => format!("{column} IS NOT NULL"),
            TimeTest::From(since) => format!("{column} >= {}", self.bind(*since, sql_type)),
            TimeTest::Before(until) => format!("{column} < {}", self.bind(*until, sql_type)),
            TimeTest::Within(spans) => match spans.as_slice() {
                [(since, until)] => {
                    let (since, until) = (self.bind(*since, sql_type), self.bind(*until, sql_type));
                    format!("{column} >= {since} AND {column} < {until}")
                }
                _ => {
                    let (since, until): (Vec<T>, Vec<T>) = spans.iter().copied().unzip();
                    let array = format!("{sql_type}[]");
                    let (since, until) = (self.bind(since, &array), self.bind(until, &array));
                    format!(
                        "EXISTS (SELECT FROM unnest({since}, {until}) AS span (since, until) \
                         WHERE {column} >= span.since AND {column} < span.until)"
                    )
                }
            },
        }
    }

    fn content(&mut self, test: &ContentTest) -> String {
        match test {
            ContentTest::Equals(text) => format!("m.content = {}", self.bind(text.clone(), "text")),
            ContentTest::Containing(part) => format!("m.content LIKE {}", self.bind(like(part), "text")),
            ContentTest::ContainingAll(parts) => {
                let patterns: Vec<String> = parts.iter().map(|part| case::pattern(part)).collect();
                format!("m.content ~ ALL({})", self.bind(patterns, "text[]"))
            }
        }
    }

    fn metadata(&mut self, test: &MetadataTest) -> String {
        match test {
            MetadataTest::Includes(object) => format!("m.metadata @> {}", self.bind(object.clone(), "jsonb")),
            MetadataTest::Present { path } => {
                let found = self.metadata_at(path);
                format!("{found} <> 'null'::jsonb")
            }
            MetadataTest::HasPart { path, part } => {
                let found = self.metadata_at(path);
                let contained = format!("{found} @> {}", self.bind(part.clone(), "jsonb"));
                let Value::String(text) = part else { return contained };
                // `#>> '{}'` extracts a JSON string without its quotes.
                let pattern = self.bind(like(text), "text");
                format!(
                    "{contained} OR jsonb_typeof({found}) = 'string' AND {found} #>> '{{}}' LIKE {pattern}"
                )
            }
        }
    }

    /// Builds a path of `-> key` steps, because `#>` would also read a key as a list index.
    fn metadata_at(&mut self, path: &[String]) -> String {
        let steps: Vec<String> =
            path.iter().map(|key| format!(" -> {}", self.bind(key.clone(), "text"))).collect();
        format!("(m.metadata{})", steps.concat())
    }
}

fn entity_column(entity: Entity) -> &'static str {
    match entity {
        Entity::User => "m.user_id",
        Entity::Agent => "m.agent_id",
        Entity::App => "m.app_id",
        Entity::Run => "m.run_id",
    }
}

fn time_column(field: TimeField) -> &'static str {
    match field {
        TimeField::Created => "m.created_at",
        TimeField::Updated => "m.updated_at",
        TimeField::Occurred => "m.occurred_at",
    }
}

/// Returns a `LIKE` pattern that matches `part` literally as a substring.
fn like(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
