//! Rule-based fact extraction from a conversation, without a language model: what `infer=true` does.
//!
//! For each message, it returns the sentences worth keeping and why the others are not. Sentences are kept as they were
//! said; nothing is rephrased, summarised or inferred, so nothing is invented. It errs on the side of keeping too
//! little: greetings, questions, requests to the assistant, code, logs and fragments are skipped. The result depends
//! only on the messages, and the running time only on their length.
//!
//! It does not parse grammar. Its rules (`classify.rs`) and word lists (`words.rs`) cover English first; statements in
//! other languages are recognised by punctuation, first-person words and length.
//!
//! Start reading at [`extract`], then `segment.rs` (sentences), `clause.rs` (compound sentences), `classify.rs`.

mod classify;
mod clause;
mod phrase;
mod segment;
#[cfg(test)]
mod tests;
#[rustfmt::skip]
mod words;

use std::collections::HashSet;
use std::fmt;

use classify::Verdict;
use segment::Segment;

use super::duplicate::Fingerprint;

/// Maximum number of facts per call.
pub const MAX_FACTS: usize = 100;
/// Maximum number of sentences examined per call. If all of them were facts, a tenth would suffice.
pub const MAX_SENTENCES: usize = 1000;
/// Maximum length of a fact in characters. Anything longer is a document, not a fact.
pub const MAX_FACT_CHARS: usize = 1000;
/// Maximum length, in characters, of the excerpt of a skipped sentence in its outcome.
const MAX_EXCERPT_CHARS: usize = 120;

/// One message of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// `user`, `assistant`, `system`, `tool`, …
    pub role: &'a str,
    /// What was said.
    pub content: &'a str,
    /// Who said it, where several people share a role.
    pub name: Option<&'a str>,
}

/// The outcome of one message. At least one of the lists is not empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extracted {
    /// Facts to add, in the order of the message.
    pub facts: Vec<Fact>,
    /// Skipped sentences, in the order of the message.
    pub skipped: Vec<Skipped>,
}

/// A statement to remember. Never empty, and trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The statement, as it was said.
    pub text: String,
    /// On whose word it stands.
    pub basis: Basis,
}

/// On whose word a fact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The user said it.
    Stated,
    /// The assistant said it about the user, or as a decision. It may be repeating a recalled memory.
    Reported,
}

/// A sentence that was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The beginning of the sentence.
    pub text: String,
    /// Why it was skipped.
    pub reason: SkipReason,
}

/// Why a sentence is not a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each says itself in `as_str`")]
pub enum SkipReason {
    Empty,
    Role,
    Greeting,
    Filler,
    Question,
    Request,
    Fragment,
    NoContext,
    NotAboutUser,
    Addressed,
    Quoted,
    Code,
    TooLong,
    Repeated,
    LimitReached,
}

impl SkipReason {
    /// The reason as a phrase that answers "why was it skipped".
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "the message is empty",
            Self::Role => "only what users and assistants say is remembered",
            Self::Greeting => "a greeting or thanks",
            Self::Filler => "says nothing by itself",
            Self::Question => "a question",
            Self::Request => "a request to the assistant",
            Self::Fragment => "not a statement",
            Self::NoContext => "refers to something that was not kept",
            Self::NotAboutUser => "the assistant's own words, neither about the user nor a decision",
            Self::Addressed => "about whoever is spoken to",
            Self::Quoted => "a quotation",
            Self::Code => "code without a statement about it",
            Self::TooLong => "too long for a fact",
            Self::Repeated => "said before in the same conversation",
            Self::LimitReached => "the conversation has too many facts",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Extracts what is worth remembering from a conversation: one element per message, in order.
#[must_use]
pub fn extract(messages: &[Message<'_>]) -> Vec<Extracted> {
    let mut conversation =
        Conversation { several_people: several_people(messages), ..Conversation::default() };
    messages.iter().map(|message| conversation.message(message)).collect()
}

/// Returns whether "I" could refer to more than one person.
fn several_people(messages: &[Message<'_>]) -> bool {
    let names: HashSet<Option<&str>> =
        messages.iter().filter(|message| is_user(message.role)).map(|message| message.name).collect();
    names.len() > 1
}

fn is_user(role: &str) -> bool {
    role.eq_ignore_ascii_case("user") || role.eq_ignore_ascii_case("human")
}

fn is_assistant(role: &str) -> bool {
    ["assistant", "ai", "model", "bot"].iter().any(|known| role.eq_ignore_ascii_case(known))
}

#[derive(Default)]
struct Conversation {
    several_people: bool,
    seen: HashSet<Fingerprint>,
    sentences: usize,
    /// The question that the assistant last asked the user about themselves, if nothing was said since.
    asked: Option<String>,
}

impl Conversation {
    fn message(&mut self, message: &Message<'_>) -> Extracted {
        let mut out = Extracted::default();
        let asked = self.asked.take();
        let by_user = is_user(message.role);
        if !by_user && !is_assistant(message.role) {
            out.skip(message.content, SkipReason::Role);
            return out;
        }
        let segments = if looks_like_data(message.content) {
            vec![Segment::Code]
        } else {
            segment::segments(message.content)
        };
        if let ([Segment::Sentence(answer)], Some(asked), true) = (segments.as_slice(), &asked, by_user)
            && classify::said_by_user(answer) == Verdict::Skip(SkipReason::Fragment)
            && classify::is_answer(answer)
        {
            self.add(&mut out, message, format!("{asked} {answer}"), Basis::Stated);
            return out;
        }
        let last = segments.last().cloned();
        // Whether the last sentence was kept, so that a continuation can be joined to it.
        let mut kept = false;
        for segment in segments {
            self.sentences += 1;
            if self.sentences > MAX_SENTENCES {
                out.skip(message.content, SkipReason::LimitReached);
                break;
            }
            kept = match segment {
                Segment::Sentence(sentence) => self.sentence(&mut out, message, &sentence, by_user, kept),
                Segment::Quote(text) => out.skip(&text, SkipReason::Quoted),
                Segment::Code => out.skip(message.content, SkipReason::Code),
            };
        }
        if let (false, Some(Segment::Sentence(sentence))) = (by_user, last) {
            self.asked = Some(sentence).filter(|sentence| classify::asks_about_user(sentence));
        }
        if out.facts.is_empty() && out.skipped.is_empty() {
            out.skip("", SkipReason::Empty);
        }
        out
    }

    fn sentence(
        &mut self,
        out: &mut Extracted,
        message: &Message<'_>,
        sentence: &str,
        by_user: bool,
        kept: bool,
    ) -> bool {
        if sentence.chars().nth(MAX_FACT_CHARS).is_some() {
            return out.skip(sentence, SkipReason::TooLong);
        }
        let verdict =
            if by_user { classify::said_by_user(sentence) } else { classify::said_by_assistant(sentence) };
        match verdict {
            Verdict::Fact(text) if by_user => {
                let mut kept = false;
                for clause in clause::clauses(text) {
                    kept = self.add(out, message, clause, Basis::Stated);
                }
                kept
            }
            Verdict::Fact(text) => self.add(out, message, text.to_owned(), Basis::Reported),
            Verdict::Continues(text) => match out.facts.last_mut().filter(|_| kept) {
                Some(fact) if fact.text.chars().count() + text.chars().count() < MAX_FACT_CHARS => {
                    fact.text.push(' ');
                    fact.text.push_str(text);
                    true
                }
                Some(_) => out.skip(text, SkipReason::TooLong),
                None => out.skip(text, SkipReason::NoContext),
            },
            Verdict::Skip(reason) => out.skip(sentence, reason),
        }
    }

    /// Keeps a fact unless it is already there, and returns whether it did.
    fn add(&mut self, out: &mut Extracted, message: &Message<'_>, text: String, basis: Basis) -> bool {
        let text = match message.name.map(str::trim).filter(|name| self.several_people && !name.is_empty()) {
            Some(name) => format!("{}: {text}", name.chars().take(64).collect::<String>()),
            None => text,
        };
        let text = text.trim().to_owned();
        if text.is_empty() {
            return out.skip(&text, SkipReason::Empty);
        }
        let fingerprint = Fingerprint::of(&text);
        if self.seen.contains(&fingerprint) {
            return out.skip(&text, SkipReason::Repeated);
        }
        if self.seen.len() >= MAX_FACTS {
            return out.skip(&text, SkipReason::LimitReached);
        }
        self.seen.insert(fingerprint);
        out.facts.push(Fact { text, basis });
        true
    }
}

impl Extracted {
    /// Records a skipped sentence. Always returns false, for `kept`.
    fn skip(&mut self, text: &str, reason: SkipReason) -> bool {
        let text = text.trim();
        self.skipped.push(Skipped { text: text.chars().take(MAX_EXCERPT_CHARS).collect(), reason });
        false
    }
}

/// Returns whether a message is a single JSON document: a tool's output, not speech.
fn looks_like_data(content: &str) -> bool {
    let content = content.trim();
    (content.starts_with('{') && content.ends_with('}'))
        || (content.starts_with("[{") && content.ends_with(']'))
}
