//! The table of fields, with the operators and shorthands that each allows.

/// A field that a filter can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The user the memory is about.
    UserId,
    /// The agent that wrote it.
    AgentId,
    /// The application that wrote it.
    AppId,
    /// The conversation or run in which it was written.
    RunId,
    /// When the memory was stored.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// When the event it describes happened.
    Timestamp,
    /// The last day on which it is valid.
    ExpirationDate,
    /// Its categories.
    Categories,
    /// The caller's own JSON.
    Metadata,
    /// Substrings of the memory's text.
    Keywords,
    /// Words that must all occur in the memory's text.
    KeywordsSearch,
    /// The given memories.
    MemoryIds,
    /// The memory's text.
    Text,
    /// The scopes in which the memory is visible. Not in mem0's grammar.
    Scope,
    /// The class of the memory. Not in mem0's grammar.
    Classification,
    /// The account that added the memory. Not in mem0's grammar.
    AuthorId,
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equals the value.
    Eq,
    /// Does not equal the value, or has none.
    Ne,
    /// Equals one of the values.
    In,
    /// After the value.
    Gt,
    /// At or after the value.
    Gte,
    /// Before the value.
    Lt,
    /// At or before the value.
    Lte,
    /// Contains the value.
    Contains,
    /// Contains the value, ignoring case.
    Icontains,
}

/// The meaning of a value in place of an operator: `{"user_id": "ada"}`, `{"memory_ids": ["…"]}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shorthand {
    /// A bare value means `eq`.
    pub value: bool,
    /// A bare list means `in`.
    pub list: bool,
    /// A bare `"*"` means that the field has any value.
    pub wildcard: bool,
}

impl Field {
    /// Every field, in the order in which error messages list them.
    pub const ALL: [Self; 17] = [
        Self::UserId,
        Self::AgentId,
        Self::AppId,
        Self::RunId,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::Timestamp,
        Self::ExpirationDate,
        Self::Text,
        Self::Categories,
        Self::Metadata,
        Self::KeywordsSearch,
        Self::MemoryIds,
        Self::Keywords,
        Self::Scope,
        Self::Classification,
        Self::AuthorId,
    ];

    /// The key of the field in a filter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UserId => "user_id",
            Self::AgentId => "agent_id",
            Self::AppId => "app_id",
            Self::RunId => "run_id",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Timestamp => "timestamp",
            Self::ExpirationDate => "expiration_date",
            Self::Categories => "categories",
            Self::Metadata => "metadata",
            Self::Keywords => "keywords",
            Self::KeywordsSearch => "keywords_search",
            Self::MemoryIds => "memory_ids",
            Self::Text => "text",
            Self::Scope => "scope",
            Self::Classification => "classification",
            Self::AuthorId => "author_id",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The operators that may be written explicitly.
    #[must_use]
    pub fn operators(self) -> &'static [Operator] {
        use Operator::{Contains, Eq, Gt, Gte, Icontains, In, Lt, Lte, Ne};
        match self {
            Self::UserId | Self::AgentId | Self::AppId | Self::RunId | Self::Scope | Self::AuthorId => {
                &[Eq, Ne, In]
            }
            Self::CreatedAt
            | Self::UpdatedAt
            | Self::Timestamp
            | Self::ExpirationDate
            | Self::Classification => &[Eq, Gt, Gte, Lt, Lte, Ne, In],
            Self::Categories => &[In, Contains],
            Self::Metadata => &[Eq, Ne, Contains],
            Self::Keywords => &[Contains, Icontains],
            Self::KeywordsSearch => &[Eq],
            Self::MemoryIds => &[In],
            Self::Text => &[Eq, Ne, Contains, Icontains],
        }
    }

    pub(super) fn shorthand(self) -> Shorthand {
        let (value, list, wildcard) = match self {
            Self::UserId | Self::AgentId | Self::AppId | Self::RunId => (true, true, true),
            Self::CreatedAt | Self::UpdatedAt | Self::Timestamp | Self::ExpirationDate => (true, true, true),
            Self::Scope | Self::Classification | Self::AuthorId => (true, true, false),
            Self::Categories | Self::MemoryIds => (false, true, false),
            // Metadata parses its own shorthands, key by key.
            Self::Metadata | Self::KeywordsSearch | Self::Text => (true, false, false),
            Self::Keywords => (false, false, false),
        };
        Shorthand { value, list, wildcard }
    }

    /// Returns the alternatives to name in an error: `gt, gte, lt, lte, ne or in`.
    pub(super) fn advice(self) -> String {
        let names: Vec<&str> = self.operators().iter().map(|operator| operator.name()).collect();
        let operators = match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => names.concat(),
        };
        match self {
            Self::CreatedAt | Self::UpdatedAt | Self::Timestamp | Self::ExpirationDate => {
                format!("{operators}, or a bare value")
            }
            _ => operators,
        }
    }
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 9] = [
        Self::Eq,
        Self::Ne,
        Self::In,
        Self::Gt,
        Self::Gte,
        Self::Lt,
        Self::Lte,
        Self::Contains,
        Self::Icontains,
    ];

    /// The key of the operator in a filter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::In => "in",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Contains => "contains",
            Self::Icontains => "icontains",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_documented_one() {
        let table: Vec<String> = Field::ALL
            .into_iter()
            .map(|field| {
                let operators: Vec<&str> = field.operators().iter().map(|operator| operator.name()).collect();
                let Shorthand { value, list, wildcard } = field.shorthand();
                let mut bare = vec![];
                bare.extend(value.then_some("value"));
                bare.extend(list.then_some("list"));
                bare.extend(wildcard.then_some("*"));
                format!("{}: {} | bare {}", field.name(), operators.join(" "), bare.join(" "))
            })
            .collect();
        assert_eq!(
            table,
            [
                "user_id: eq ne in | bare value list *",
                "agent_id: eq ne in | bare value list *",
                "app_id: eq ne in | bare value list *",
                "run_id: eq ne in | bare value list *",
                "created_at: eq gt gte lt lte ne in | bare value list *",
                "updated_at: eq gt gte lt lte ne in | bare value list *",
                "timestamp: eq gt gte lt lte ne in | bare value list *",
                "expiration_date: eq gt gte lt lte ne in | bare value list *",
                "text: eq ne contains icontains | bare value",
                "categories: in contains | bare list",
                "metadata: eq ne contains | bare value",
                "keywords_search: eq | bare value",
                "memory_ids: in | bare list",
                "keywords: contains icontains | bare ",
                "scope: eq ne in | bare value list",
                "classification: eq gt gte lt lte ne in | bare value list",
                "author_id: eq ne in | bare value list",
            ]
        );
    }
}
