//! What can be asked of which field: the one table of fields, operators and shorthands.

/// A field that a filter can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// Whom the memory is about, as the client names people.
    UserId,
    /// The agent that wrote it.
    AgentId,
    /// The application that wrote it.
    AppId,
    /// The conversation or run it was written in.
    RunId,
    /// When the memory was stored.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// When what it tells happened.
    Timestamp,
    /// The last day on which it is valid.
    ExpirationDate,
    /// Its categories.
    Categories,
    /// The caller's own JSON.
    Metadata,
    /// Parts of the memory's text.
    Keywords,
    /// Words that all occur in the memory's text.
    KeywordsSearch,
    /// Exactly these memories.
    MemoryIds,
    /// The memory's text.
    Text,
    /// Where the memory is visible. Not in mem0's grammar.
    Scope,
}

/// A comparison, by the name it has in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Is the value.
    Eq,
    /// Is not the value, or has none.
    Ne,
    /// Is one of the values.
    In,
    /// After, without the value itself.
    Gt,
    /// From the value on.
    Gte,
    /// Before, without the value itself.
    Lt,
    /// Up to and with the value.
    Lte,
    /// Contains the value.
    Contains,
    /// Contains the value, whatever its case.
    Icontains,
}

/// What a value means that stands where an operator could: `{"user_id": "ada"}`, `{"memory_ids": ["…"]}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shorthand {
    /// A bare value means `eq`.
    pub value: bool,
    /// A bare list means `in`.
    pub list: bool,
    /// A bare `"*"` means: has any value at all.
    pub wildcard: bool,
}

impl Field {
    /// Every field, in the order in which errors list them.
    pub const ALL: [Self; 15] = [
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
    ];

    /// The key in a filter.
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
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The operators that may be written out. Equality of a time can only be written bare: mem0 refuses an explicit
    /// `eq` there, because a client that writes it usually means a day and gets an instant.
    #[must_use]
    pub fn operators(self) -> &'static [Operator] {
        use Operator::{Contains, Eq, Gt, Gte, Icontains, In, Lt, Lte, Ne};
        match self {
            Self::UserId | Self::AgentId | Self::AppId | Self::RunId | Self::Scope => &[Eq, Ne, In],
            Self::CreatedAt | Self::UpdatedAt | Self::Timestamp | Self::ExpirationDate => {
                &[Gt, Gte, Lt, Lte, Ne, In]
            }
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
            Self::Scope => (true, true, false),
            Self::Categories | Self::MemoryIds => (false, true, false),
            // Metadata reads its own shorthands, key by key.
            Self::Metadata | Self::KeywordsSearch | Self::Text => (true, false, false),
            Self::Keywords => (false, false, false),
        };
        Shorthand { value, list, wildcard }
    }

    /// What to write instead, for an error: `gt, gte, lt, lte, ne or in`.
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

    /// The key in a filter.
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
                "created_at: gt gte lt lte ne in | bare value list *",
                "updated_at: gt gte lt lte ne in | bare value list *",
                "timestamp: gt gte lt lte ne in | bare value list *",
                "expiration_date: gt gte lt lte ne in | bare value list *",
                "text: eq ne contains icontains | bare value",
                "categories: in contains | bare list",
                "metadata: eq ne contains | bare value",
                "keywords_search: eq | bare value",
                "memory_ids: in | bare list",
                "keywords: contains icontains | bare ",
                "scope: eq ne in | bare value list",
            ]
        );
    }
}
