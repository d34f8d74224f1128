//! The signals of a score, by name.

/// A feature that counts for or against a memory, in the order of `score_breakdown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Late interaction: for each token of the query, the best match in the memory or, at a discount, in the memories
    /// captured around it.
    Interaction,
    /// Cosine similarity of the vectors of query and memory.
    Semantic,
    /// BM25 score for the query's words, including identifiers.
    Bm25,
    /// It contains the identifier that the query names: `OPS-1234`, `parse_header`.
    Identifier,
    /// It happened on the date that the query names.
    Date,
    /// It happened in the period that the query's time words mean: "last week", "two days ago".
    Time,
    /// The query asks for a time and the memory states one.
    When,
    /// It answers a question that contains the query's words.
    Reply,
    /// Penalty: someone other than the person named said it.
    Actor,
    /// Penalty: it is itself a question.
    Question,
    /// It is recent.
    Recency,
    /// People found it useful, or not.
    Feedback,
    /// Penalty: a newer memory has superseded it.
    Superseded,
    /// Penalty: it repeats a memory ranked above it.
    Repetition,
}

impl Signal {
    /// The number of signals.
    pub const COUNT: usize = Self::ALL.len();

    /// Every signal, in order.
    pub const ALL: [Self; 14] = [
        Self::Interaction,
        Self::Semantic,
        Self::Bm25,
        Self::Identifier,
        Self::Date,
        Self::Time,
        Self::When,
        Self::Reply,
        Self::Actor,
        Self::Question,
        Self::Recency,
        Self::Feedback,
        Self::Superseded,
        Self::Repetition,
    ];

    /// The spelling in responses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interaction => "interaction",
            Self::Semantic => "semantic",
            Self::Bm25 => "bm25",
            Self::Identifier => "identifier",
            Self::Date => "date",
            Self::Time => "time",
            Self::When => "when",
            Self::Reply => "reply",
            Self::Actor => "actor",
            Self::Question => "question",
            Self::Recency => "recency",
            Self::Feedback => "feedback",
            Self::Superseded => "superseded",
            Self::Repetition => "repetition",
        }
    }
}
