//! The signals of a score, by name.

/// Something that speaks for a memory, or against it. The order is that of `score_breakdown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Late interaction: for each token of the query the best match in the memory or, at a discount, in what was
    /// captured around it.
    Interaction,
    /// Cosine of the vectors of query and memory.
    Semantic,
    /// BM25 of the query's words, identifiers among them.
    Bm25,
    /// It has the identifier that the query names: `OPS-1234`, `parse_header`.
    Identifier,
    /// It happened on the date that the query names.
    Date,
    /// It happened in the period that the query's time words mean: "last week", "two days ago".
    Time,
    /// The query asks for a time and the memory tells one.
    When,
    /// It answers a question that has the query's words.
    Reply,
    /// Against: somebody else than the person named said it.
    Actor,
    /// Against: it is itself a question.
    Question,
    /// It is recent.
    Recency,
    /// People found it useful, or not.
    Feedback,
    /// Against: a newer memory has taken its place.
    Superseded,
    /// Against: it says what a memory above it says.
    Repetition,
}

impl Signal {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Every signal.
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

    /// As answers spell it.
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
